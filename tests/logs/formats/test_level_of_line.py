"""The level that one line says, whatever it is a line of."""

from __future__ import annotations

import pytest

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader, builtin_formats, level_of, level_of_line
from autobench_nb.logs.formats.hints import lines_with_hints
from tests.logs.formats.kinds import KINDS

D, I, W, E, F = Level  # noqa: E741 - a table reads better so


LINES = [
    *(line for kind in KINDS for line in map(kind.write, kind.entries(60))),
    *(example for one in builtin_formats() for example in one.examples),
    '{"log":"ERROR: x\\n","stream":"stderr","time":"2026-01-15T10:30:45Z"}',
]


SAID = [
        ("ERROR: no such file", E), ("error: no such file", E), ("Error: x", E), ("ERROR no such file", E),
        ("[ERROR] x", E), ("(warn) x", W), ("<info> x", I), ("**WARNING** x", W), ("[ warning ] x", W),
        ("warning: unused variable", W), ("Warning: x", W), ("WARN x", W), ("WARNING - x", W),
        ("INFO: x", I), ("INFO x", I), ("DEBUG| x", D), ("trace: x", D), ("FATAL: x", F), ("CRITICAL x", F),
        ("fatal: not a git repository", F), ("error[E0308]: mismatched types", E), ("warning[unused]: x", W),
        ("[W 12:00:01] slow", W), ("[E 2026-01-15 10:30:45.123 ServerApp] x", E), ("[I 12:00:01.123 App] x", I),
        ("\x1b[31mERROR\x1b[0m: x", E), ("\x1b[1;33mwarning\x1b[0m: x", W), ("\x1b[38;5;196m[ERROR]\x1b[m x", E),
        ("2026-01-15 10:30:45,123 - app - ERROR - x", E), ("2026-01-15T10:30:45Z WARN app: x", W),
        ("E0115 10:30:45.123456 1 a.go:5] x", E), ("Jan 15 10:30:45 h p[1]: error: x", E),
        ("<11>1 2026-01-15T10:30:45Z h p - - - x", E), ("10:30:45 ERROR x", E),
        ('{"level":"error","msg":"x"}', E), ('{"level":50,"time":1,"pid":1,"msg":"x"}', E),
        ('{"severity":"WARNING","message":"x"}', W), ('  {"lvl":"warn"}', W), ('{"a":1}', None),
        ('time=2026-01-15T10:30:45Z level=warn msg="x"', W), ("level=ERROR x", E), ('ts=1 lvl="debug" x', D),
        ("main.c:3:5: error: expected ';'", E), ("a.py:3: warning: x", W), ("x.c:1:1: fatal error: y.h: No", E),
        ("/a/b.py:12: UserWarning: deprecated", W), ("ValueError: bad", E), ("app.errors.Failed: x", None),
        ("java.io.IOException: x", E), ("Traceback (most recent call last):", E), ("npm ERR! code 1", E),
        ("npm WARN deprecated x", W), ("panic: boom", F),
        ("hello", None), ("", None), ("   ", None), ("an error: maybe", None), ("errors: 0", None),
        ("information about x", None), ("Debugging is on", None), ("warnings: 3", None), ("no errors", None),
        ("12% done", None), ("level", None), ("Info", None), ("I think", None), ("W: x", None),
        ("level=99", None), ("error", None), ("0 errors, 0 warnings", None), ("terror: x", None),
        ("src/a.ts(1,2): error TS2304: Cannot find name", E), ("no error: here", None), ("KeyboardInterrupt: ", E),
        ("worker 3: ValueError: bad", E), ("FAIL: test_x (a.B)", E), ("2026-01-15 10:30:45 a.c:3:5: error: x", E),
        ("2026-01-15 10:30:45 INFO retry after TimeoutError: x", I), ("terror: it grows", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "level"), SAID)
def test_the_level_that_a_line_says(line: str, level: Level | None) -> None:
    assert level_of_line(line) == level


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("SEVERE", E), ("notice", I), ("emerg", F), ("err", E), ("ERRO", E), ("wrn", W), ("FINEST", D), ("T", D),
        ("verbose", D), ("success", I), ("LOG", I), ("PANIC", F), (" Info ", I), (35, W), (20.0, I), (5, D),
        ("loud", None), ("", None), (None, None), (float("nan"), None), (float("inf"), None), (True, None), ([], None),
    ],
)  # fmt: skip
def test_the_many_words_for_a_level(word: object, level: Level | None) -> None:
    assert level_of(word) == level


def test_a_job_s_line_has_the_level_that_it_would_have_in_a_file() -> None:
    """What a command prints, a replayed file and a posted body share one reader of levels."""
    wrong = {
        line
        for line in LINES
        if (level_of_line(line) or Level.INFO) is not next(LineReader(now=0).entries([line])).level
    }
    assert wrong == set()


def test_a_line_without_a_hint_says_no_level_but_info() -> None:
    """In a flood only lines with a hint are looked at: it must not miss any."""
    lines = [*LINES, *(line for line, _ in SAID)]
    plain = [line for line in lines if level_of_line(line) in (None, Level.INFO)]
    telling = [line for line in lines if level_of_line(line) not in (None, Level.INFO)]
    data = [line.encode() + b"\n" for line in telling]
    assert lines_with_hints(b"".join(data), map(len, data)) == set(range(len(telling)))
    # And it spares most of the others the closer look.
    data = [line.encode() + b"\n" for line in plain]
    assert len(lines_with_hints(b"".join(data), map(len, data)) or ()) < len(plain) / 2
