"""Tracebacks are found among lines, whole."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from autobench_nb.logs.formats.traceback_grouper import Traceback, TracebackGrouper
from tests.logs.formats.traceback_texts import TEXTS
from tests.node import NODE

JAVA = """Exception in thread "main" java.lang.IllegalStateException: no state
\tat com.example.Main.run(Main.java:10)
\tat com.example.Main.main(Main.java:5)
Caused by: java.io.IOException: disk
\tat com.example.Disk.read(Disk.java:7)
\t... 2 more"""
JAVASCRIPT = """/srv/app.js:3
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
RUST_CAUSES = """Error: cannot read the plan

Caused by:
    No such file or directory (os error 2)"""
KINDS = {
    "java": (JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no state'),
    "node": (JAVASCRIPT, "TypeError: bad"),
    "node, logged": (NODE_LOGGED, "Error: connect ECONNREFUSED"),
    "go": (GO, "panic: runtime error: index out of range [5] with length 3"),
    "rust": (RUST, "thread 'main' panicked at src/main.rs:2:5:"),
    ".net": (DOTNET, "Unhandled exception. System.InvalidOperationException: no"),
    "a Python thread": (THREAD, "ZeroDivisionError: division by zero"),
    "a Python syntax error": (SYNTAX, "SyntaxError: invalid syntax"),
    "Rust, causes": (RUST_CAUSES, "Error: cannot read the plan"),
    **TEXTS,
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
        ["panic: no goroutine follows", "next"],
        ["fatal error: x.h: No such file", "next"],
        ['  File "x.py", line 3', "    is of interest", "done"],
        ["x.rb:1:in a sentence (Foo)", "next"],
    ],
)
def test_lines_that_only_may_begin_one_stay_lines(lines: list[str]) -> None:
    assert grouped(*lines) == lines


def test_a_traceback_without_an_end_is_bounded() -> None:
    found = grouped("Traceback (most recent call last):", *["  more"] * 5_000)
    assert isinstance(found[0], Traceback)
    assert found[0].lines == 2_000


@pytest.mark.parametrize(
    "before", ["/usr/bin/x:12", "fatal error: no", "Error: alone", "/srv/x.js:3"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_only_might_have_begun_one_hides_none_that_follows(before: str, kind: str) -> None:
    text, message = KINDS[kind]
    lines = text.split("\n")
    assert grouped(before, *lines) == [before, Traceback(message, text, len(lines))]


def test_a_traceback_in_colours_is_one() -> None:
    lines = ["Error: x", "\x1b[90m    at node:internal/main:2:4\x1b[39m"]
    assert grouped(*lines, "after") == [Traceback("Error: x", "\n".join(lines), 2), "after"]


def test_blank_lines_below_one_are_not_of_it() -> None:
    for text, message in KINDS.values():
        lines = text.split("\n")
        assert grouped(*lines, "", "", "after") == [
            Traceback(message, text, len(lines)), "", "", "after",
        ]  # fmt: skip


def test_lines_that_are_never_proved_are_held_in_bounded_number() -> None:
    grouper = TracebackGrouper()
    lines = ['  File "x", line 1'] * 5_000
    came = [one for line in lines for one in grouper.feed(line)]
    assert len(came) > len(lines) - 100
    assert [*came, *grouper.flush()] == lines


@pytest.mark.parametrize(
    "code",
    [
        "throw new Error('x', {cause: new TypeError('inner')})",
        "null.f()",
        "function f() { f() } f()",
        "Promise.reject(new RangeError('late'))",
    ],
)
def test_what_node_prints_is_one_traceback(code: str) -> None:
    done = subprocess.run([str(NODE), "--eval", code], capture_output=True, text=True, check=False)
    lines = done.stderr.rstrip("\n").split("\n")
    (found,) = grouped(*lines)
    assert isinstance(found, Traceback)
    assert found.lines == len(lines)
    assert "Error: " in found.message


def test_no_line_of_any_mixture_is_lost_or_moved() -> None:
    pool = [
        "",
        "  indented",
        "plain",
        "/usr/x:1",
        *(line for text, _ in KINDS.values() for line in text.split("\n")),
    ]
    chance = random.Random(9)
    for _ in range(2_000):
        lines = chance.choices(pool, k=chance.randrange(1, 30))
        came = [one.text if isinstance(one, Traceback) else one for one in grouped(*lines)]
        assert "\n".join(came) == "\n".join(lines)
