"""What belongs to the entry above: indented lines and tracebacks, each an entry that filters as a whole."""

from __future__ import annotations

import pytest

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.logs.formats.joining import MAX_LINES
from tests.logs.formats.traceback_texts import TEXTS

HEAD = "2026-01-15 10:30:45,123 - my.app - ERROR - boom"
NEXT = "2026-01-15 10:30:46,000 - my.app - INFO - next"

TRACEBACKS = {
    "Python, chained": """\
Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
    ~^^
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 2, in f
KeyError: 'y'""",
    "Python, a cause": """\
Traceback (most recent call last):
  File "a.py", line 1, in f
OSError: [Errno 28] No space left on device

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "a.py", line 2, in f
app.Failed""",
    "Java": """\
java.lang.IllegalStateException: bad
\tat com.example.Foo.bar(Foo.java:12)
Caused by: java.io.IOException: no
\tat com.example.Foo.baz(Foo.java:13)
\t... 12 more""",
    "Java, unindented": """\
Exception in thread "main" java.lang.NullPointerException
at com.example.Foo.bar(Foo.java:12)
Caused by: java.io.IOException: no
... 12 more""",
    "Node": """\
/srv/app/index.js:10
    throw err;
    ^

TypeError: Cannot read properties of undefined (reading 'x')
    at foo (/srv/app/index.js:10:11) {
  code: 'E'
}

Node.js v20.1.0""",
    "Go": """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.f(0x1, {0xc000012018, 0x3})
\t/tmp/x.go:4 +0x39
created by main.main in goroutine 1
\t/tmp/x.go:9 +0x20
exit status 2""",
    "Rust": """\
thread 'main' panicked at src/main.rs:2:5:
stack backtrace:
   0: rust_begin_unwind
note: run with `RUST_BACKTRACE=full` for a verbose backtrace""",
    ".NET": """\
Unhandled exception. System.InvalidOperationException: no
   at Program.Main() in /src/Program.cs:line 3
   --- End of inner exception stack trace ---""",
    **{name: text for name, (text, _) in TEXTS.items()},
}


def read(*lines: str) -> list[ParsedLine]:
    return list(LineReader(now=1.8e9).entries(lines))


@pytest.mark.parametrize("text", TRACEBACKS.values(), ids=TRACEBACKS.keys())
def test_a_traceback_is_part_of_the_entry_above(text: str) -> None:
    first, second = read(HEAD, *text.split("\n"), NEXT)
    assert (first.message, first.exc, first.level) == ("boom", text, Level.ERROR)
    assert first.lines == 1 + len(text.split("\n"))
    assert second.message == "next"


@pytest.mark.parametrize("text", TRACEBACKS.values(), ids=TRACEBACKS.keys())
def test_a_traceback_without_an_entry_above_is_one_of_its_own(text: str) -> None:
    before, trace, after = read("hello", *text.split("\n"), NEXT)
    assert (before.message, after.message) == ("hello", "next")
    assert trace.level >= Level.ERROR
    assert f"{trace.message}\n{trace.exc}" == text


@pytest.mark.parametrize("text", TRACEBACKS.values(), ids=TRACEBACKS.keys())
def test_a_traceback_that_comes_in_pieces_is_the_same(text: str) -> None:
    reader = LineReader(now=1.8e9)
    lines = [HEAD, *text.split("\n"), NEXT]
    pieces = [one for line in lines for one in reader.feed([line])] + reader.finish()
    assert pieces == read(*lines)


def test_two_that_follow_one_another_are_two() -> None:
    text = "java.lang.IllegalStateException: %s\n\tat com.example.Foo.bar(Foo.java:12)"
    first, second = read(*(text % "a").split("\n"), *(text % "b").split("\n"))
    assert (first.lines, second.lines) == (2, 2)


def test_indented_lines_are_part_of_the_message() -> None:
    first, second = read(HEAD, "    SELECT 1", "\tFROM x", NEXT)
    assert first.message == "boom\n    SELECT 1\n\tFROM x"
    assert second.lines == 1


def test_indented_lines_and_a_traceback_go_where_they_belong() -> None:
    [first] = read(
        HEAD, "  detail", "Traceback (most recent call last):", '  File "a", line 1', "E: x"
    )
    assert first.message == "boom\n  detail"
    assert first.exc is not None
    assert first.exc.startswith("Traceback")


def test_what_is_neither_indented_nor_a_traceback_is_an_entry() -> None:
    assert [one.message for one in read(HEAD, "something else", "  and below it", NEXT)] == [
        "boom", "something else", "  and below it", "next",
    ]  # fmt: skip


def test_an_entry_has_a_bound_and_what_is_beyond_is_kept() -> None:
    entries = read(HEAD, *["  x"] * (MAX_LINES + 5), NEXT)
    assert sum(one.lines for one in entries) == MAX_LINES + 7
    assert entries[0].lines == MAX_LINES + 1


def test_a_container_s_lines_are_joined_by_what_they_say() -> None:
    lines = [
        "2026-01-15T10:30:45.1Z stdout F hello",
        "2026-01-15T10:30:45.2Z stderr F Traceback (most recent call last):",
        '2026-01-15T10:30:45.2Z stderr F   File "x", line 1',
        "2026-01-15T10:30:45.2Z stderr F ValueError: x",
        "2026-01-15T10:30:45.3Z stdout P part one, ",
        "2026-01-15T10:30:45.3Z stdout F part two",
        "2026-01-15T10:30:45.4Z stdout F ERROR: bad",
    ]
    entries = read(*lines)
    assert [(one.lines, one.level, one.message) for one in entries] == [
        (1, Level.INFO, "hello"),
        (3, Level.ERROR, "Traceback (most recent call last):"),
        (2, Level.INFO, "part one, part two"),
        (1, Level.ERROR, "ERROR: bad"),
    ]
    assert entries[1].exc == '  File "x", line 1\nValueError: x'


def test_docker_s_json_is_joined_by_what_it_says() -> None:
    lines = [
        '{"log":"%s\\n","stream":"stderr","time":"2026-01-15T10:30:45.1Z"}' % text  # noqa: UP031
        for text in ("started", "panic: boom", "", "goroutine 1 [running]:", "\\t/x.go:4", "exit status 2")
    ]  # fmt: skip
    first, second = read(*lines)
    assert (first.message, first.fields) == ("started", {"stream": "stderr"})
    assert (second.message, second.lines) == ("panic: boom", 5)
