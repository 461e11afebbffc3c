"""Tracebacks are found among lines, whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autobench_nb.processes.tracebacks import Traceback, TracebackGrouper

JAVA = """Exception in thread "main" java.lang.IllegalStateException: no state
\tat com.example.Main.run(Main.java:10)
\tat com.example.Main.main(Main.java:5)
Caused by: java.io.IOException: disk
\tat com.example.Disk.read(Disk.java:7)
\t... 2 more"""
NODE = """/srv/app.js:3
    throw new TypeError('bad')
    ^

TypeError: bad
    at run (/srv/app.js:3:11)
    at Object.<anonymous> (/srv/app.js:6:1) {
  code: 'E_BAD'
}"""
NODE_LOGGED = """Error: connect ECONNREFUSED
    at TCPConnectWrap.afterConnect (node:net:1495:16)"""
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.main()
\t/tmp/x.go:8 +0x1d
exit status 2"""
RUST = """thread 'main' panicked at src/main.rs:2:5:
it broke
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""
DOTNET = """Unhandled exception. System.InvalidOperationException: no
   at Program.Main(String[] args) in /src/Program.cs:line 5"""
THREAD = """Exception in thread Thread-1 (f):
Traceback (most recent call last):
  File "x.py", line 3, in f
    1 / 0
ZeroDivisionError: division by zero"""
SYNTAX = """  File "<string>", line 1
    x x
      ^
SyntaxError: invalid syntax"""
KINDS = {
    "java": (JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no state'),
    "node": (NODE, "TypeError: bad"),
    "node, logged": (NODE_LOGGED, "Error: connect ECONNREFUSED"),
    "go": (GO, "panic: runtime error: index out of range [5] with length 3"),
    "rust": (RUST, "thread 'main' panicked at src/main.rs:2:5:"),
    ".net": (DOTNET, "Unhandled exception. System.InvalidOperationException: no"),
    "a Python thread": (THREAD, "ZeroDivisionError: division by zero"),
    "a Python syntax error": (SYNTAX, "SyntaxError: invalid syntax"),
}
PYTHON = {
    "plain": "def f(): 1 / 0\nf()",
    "chained": "try:\n 1 / 0\nexcept ZeroDivisionError:\n [][1]",
    "caused": "try:\n 1 / 0\nexcept ZeroDivisionError as e:\n raise OSError('x') from e",
    "a group": "raise ExceptionGroup('many', [ValueError('a'), ExceptionGroup('in', [OSError('b')])])",
    "recursion": "def f(): f()\nf()",
    "an exit by interrupt": "raise KeyboardInterrupt",
}


def grouped(*lines: str) -> list[str | Traceback]:
    grouper = TracebackGrouper()
    return [*(item for line in lines for item in grouper.feed(line)), *grouper.flush()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_traceback_is_one_and_what_stands_around_it_is_not_of_it(kind: str) -> None:
    text, message = KINDS[kind]
    lines = text.split("\n")
    assert grouped("before", *lines, "after") == [
        "before",
        Traceback(message, text, len(lines)),
        "after",
    ]


@pytest.mark.parametrize("kind", PYTHON)
def test_what_python_prints_is_one_traceback(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PYTHON[kind]], capture_output=True, text=True, check=False
    )
    lines = done.stderr.rstrip("\n").split("\n")
    (found,) = grouped(*lines)
    assert isinstance(found, Traceback)
    assert (found.text, found.lines) == ("\n".join(lines), len(lines))


def test_two_tracebacks_are_two() -> None:
    lines = THREAD.split("\n")
    first, second = grouped(*lines, *lines)
    assert first == second


@pytest.mark.parametrize("between", [[], [""], ["", ""]])
@pytest.mark.parametrize("first", ["KeyError: 'a'", "KeyboardInterrupt"])
def test_pythons_tracebacks_one_after_another_are_as_many(first: str, between: list[str]) -> None:
    head = ["Traceback (most recent call last):", '  File "x.py", line 1, in <module>', "    f()"]
    lines = [*head, first, *between, *head, "ValueError: b", *between, *head, "OSError: c"]
    grouper = TracebackGrouper()
    found = [one for line in lines for one in grouper.feed(line)] + grouper.flush()
    messages = [one.message for one in found if isinstance(one, Traceback)]
    assert messages == [first, "ValueError: b", "OSError: c"]


@pytest.mark.parametrize(
    "lines",
    [
        ["Error: one", "Error: two", "plain"],
        ["ValueError: bad"],
        ["/usr/bin/x:12", "next"],
        ["/usr/bin/x:12", "next", "   ^", "no error"],
        ["Exception in thread of mine", "no traceback"],
        ["  indented", "text"],
        ["", "blank", ""],
    ],
)
def test_lines_that_only_may_begin_one_stay_lines(lines: list[str]) -> None:
    assert grouped(*lines) == lines


def test_a_traceback_without_an_end_is_bounded() -> None:
    found = grouped("Traceback (most recent call last):", *["  more"] * 5_000)
    assert isinstance(found[0], Traceback)
    assert found[0].lines == 2_000
