"""Tracebacks as programs of many languages print them, each with the line of it that says most."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "Java, a cause and one suppressed": (
        """\
Exception in thread "main" java.lang.RuntimeException: outer
\tat B.main(B.java:1)
\tSuppressed: java.lang.IllegalStateException: no
\t\tat B.main(B.java:1)
Caused by: java.io.IOException: io
\tat B.main(B.java:1)
\t... 12 more""",
        'Exception in thread "main" java.lang.RuntimeException: outer',
    ),
    "Java, unindented": (
        """\
java.lang.NullPointerException
at com.example.Foo.bar(Foo.java:12)
Caused by: java.io.IOException: no
... 12 more""",
        "java.lang.NullPointerException",
    ),
    "JavaScript, a line of source that is not indented": (
        """\
/srv/app/index.js:1
throw new TypeError("x");
^

TypeError: x
    at Object.<anonymous> (/srv/app/index.js:1:7)
    at node:internal/main/run_main_module:28:49 {
  [cause]: Error: inner
      at Object.<anonymous> (/srv/app/index.js:1:30)
}

Node.js v20.20.2""",
        "TypeError: x",
    ),
    "JavaScript, a line of a shell": (
        """\
[eval]:1
null.f()
     ^

TypeError: Cannot read properties of null (reading 'f')
    at [eval]:1:6
    at runScriptInThisContext (node:internal/vm:209:10)

Node.js v20.20.2""",
        "TypeError: Cannot read properties of null (reading 'f')",
    ),
    "JavaScript, a name of another kind": (
        """\
/usr/local/bin/tool:3
    throw new Failed()
    ^

MyError [ERR_X]: no
    at run (/usr/local/bin/tool:3:11)""",
        "MyError [ERR_X]: no",
    ),
    "Go, several goroutines": (
        """\
panic: boom [recovered]
\tpanic: again

goroutine 7 [running]:
main.(*server).serve(0xc000012018)
\t/tmp/x.go:4 +0x39
created by main.main in goroutine 1
\t/tmp/x.go:9 +0x20

goroutine 1 [chan receive]:
main.main()
\t/tmp/x.go:12 +0x20
exit status 2""",
        "panic: boom [recovered]",
    ),
    "Go, a signal": (
        """\
fatal error: unexpected signal during runtime execution
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]

goroutine 1 [running]:
main.main()
\t/tmp/x.go:12 +0x20""",
        "fatal error: unexpected signal during runtime execution",
    ),
    "Rust, values that differ": (
        """\
thread '<unnamed>' (1531) panicked at r.rs:1:40:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
   0: rust_begin_unwind
             at /rustc/5980/library/std/src/panicking.rs:689:5
note: run with `RUST_BACKTRACE=full` for a verbose backtrace.""",
        "thread '<unnamed>' (1531) panicked at r.rs:1:40:",
    ),
    "Rust, as it was": (
        """\
thread 'main' panicked at 'it broke', src/main.rs:2:5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace""",
        "thread 'main' panicked at 'it broke', src/main.rs:2:5",
    ),
    "Ruby": (
        """\
x.rb:5:in `rescue in f': second (App::Failed)
\tfrom x.rb:2:in `f'
\tfrom x.rb:8:in `<main>'
x.rb:3:in `f': first (KeyError)
\tfrom x.rb:8:in `<main>'""",
        "x.rb:5:in `rescue in f': second (App::Failed)",
    ),
    "Ruby, with its source": (
        """\
x.rb:1:in 'Object#f': undefined method 'foo' for nil (NoMethodError)

  nil.foo
     ^^^^
\tfrom x.rb:3:in '<main>'""",
        "x.rb:1:in 'Object#f': undefined method 'foo' for nil (NoMethodError)",
    ),
    "PHP": (
        """\
PHP Fatal error:  Uncaught RuntimeException: no in /srv/x.php:3
Stack trace:
#0 /srv/x.php(7): f()
#1 {main}
  thrown in /srv/x.php on line 3""",
        "PHP Fatal error:  Uncaught RuntimeException: no in /srv/x.php:3",
    ),
    ".NET, an inner one": (
        """\
Unhandled exception. System.InvalidOperationException: outer
 ---> System.IO.IOException: inner
   at A.B() in /src/A.cs:line 3
   --- End of inner exception stack trace ---
   at Program.Main() in /src/Program.cs:line 9""",
        "Unhandled exception. System.InvalidOperationException: outer",
    ),
    "Python, a group": (
        """\
  + Exception Group Traceback (most recent call last):
  |   File "x.py", line 1, in <module>
  |     raise ExceptionGroup("many", [ValueError("a")])
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | ValueError: a
    +------------------------------------""",
        "ExceptionGroup: many (1 sub-exception)",
    ),
    "Python, at its end": (
        """\
Exception ignored in: <function A.__del__ at 0x7fe62fcf1620>
Traceback (most recent call last):
  File "<string>", line 2, in __del__
ZeroDivisionError: division by zero""",
        "ZeroDivisionError: division by zero",
    ),
    "Python, a message of two lines": (
        """\
Traceback (most recent call last):
  File "x.py", line 3, in f
ValueError: 1 problem
  the first value is none""",
        "ValueError: 1 problem",
    ),
}
