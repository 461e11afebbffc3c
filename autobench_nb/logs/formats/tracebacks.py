"""Which lines are parts of a traceback: Python's, Java's, JavaScript's, Go's, Rust's, Ruby's, PHP's and .NET's.

A grammar of lines: what a line begins is said in :mod:`~autobench_nb.logs.formats.traceback_starts`, and what the next
one makes of it by each :class:`TracebackState`. Who reads whole files joins what is likely; who reads what a command
prints holds lines back until it is sure (:mod:`~autobench_nb.logs.formats.traceback_grouper`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(eq=False, slots=True)
class TracebackState:
    """Where in a traceback a line stands.

    Attributes:
        name: For people.
        follow: The state after the next line; :data:`NONE` where that is no part of it.
        is_sure: Whether all lines up to here are a traceback.
        is_likely: Whether they most probably are.
        may_end: Whether this may well be the last line.
        says_most: Whether the line that leads here is the one that says what was raised.
    """

    name: str
    follow: Callable[[str], TracebackState]
    is_sure: bool = False
    is_likely: bool = False
    may_end: bool = False
    says_most: bool = False

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _is_blank(line: str) -> bool:
    return not line or line.isspace()


def _is_indented(line: str) -> bool:
    return line[:1] in (" ", "\t") and not line.isspace()


HEAD_CHARS: Final = 512
"""Characters of a line that are looked at."""

# --- Python

PYTHON_HEAD: Final = re.compile(
    r"(\s*\+ Exception Group )?Traceback \(most recent call last\):?\s*$"
)
_CHAIN: Final = re.compile(
    r"During handling of the above exception, another|The above exception was the direct cause"
)
_GROUP_SAYS: Final = re.compile(r"\s*\| \S")
NAMED: Final = (
    r"[A-Za-z_$][\w$]*(?:[.:\\]{1,2}[\w$]+)*"
    r"(?:(?<=Error)|(?<=Exception)|(?<=Throwable)|(?<=Failure)|(?<=Interrupt))(?: \[\w+\])?(?:: .*)?$"
)
RAISED_LINE: Final = re.compile(NAMED, re.ASCII)
"""A name that says that something was raised, and nothing before it."""


def _python_head(line: str) -> TracebackState:
    match = PYTHON_HEAD.match(line)
    if match is None:
        return NONE
    return GROUP if match[1] else FRAMES


def _frames(line: str) -> TracebackState:
    if line[:1] in (" ", "\t"):
        return _FRAMES_GAP if line.isspace() else FRAMES
    if not line:
        return _FRAMES_GAP
    # The first line that is not indented says what was raised, unless it begins all anew.
    head = _python_head(line)
    return _PYTHON_RAISED if head is NONE else head


def _frames_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _FRAMES_GAP
    if _is_indented(line):
        return FRAMES
    return _PYTHON_RAISED if RAISED_LINE.match(line[:HEAD_CHARS]) else NONE


def _python_raised(line: str) -> TracebackState:
    if _is_blank(line):
        return _PYTHON_GAP
    if _is_indented(line):
        return _PYTHON_MESSAGE
    return _CHAINED if _CHAIN.match(line) else NONE


def _python_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _PYTHON_GAP
    return _CHAINED if _CHAIN.match(line) else NONE


def _chained(line: str) -> TracebackState:
    return _CHAINED if _is_blank(line) else _python_head(line)


def _group(line: str) -> TracebackState:
    if _GROUP_SAYS.match(line):
        return _GROUP_RAISED
    return GROUP if _is_indented(line) or line[:1] in ("|", "+") else NONE


def _group_raised(line: str) -> TracebackState:
    if _is_indented(line) or line[:1] in ("|", "+"):
        return _GROUP_REST
    return _python_raised(line)


def _python_thread(line: str) -> TracebackState:
    head = _python_head(line)
    if head is NONE and RAISED_LINE.match(line[:HEAD_CHARS]):
        return _PYTHON_RAISED
    return head


def _python_syntax(line: str) -> TracebackState:
    if _is_indented(line):
        return SYNTAX
    return _PYTHON_RAISED if RAISED_LINE.match(line[:HEAD_CHARS]) else NONE


# --- Java and its kin, .NET, JavaScript

NAMED_SOMEHOW: Final = r"[\w.$/]*(?:Exception|Error|Throwable)\b"
RAISED_LINE_SOMEHOW: Final = re.compile(NAMED_SOMEHOW)
_CALL: Final = re.compile(
    r"\s+at .|\s*\.{3} \d+ (?:more|common)|Caused by: |(?:\s+|^)Suppressed: |\s*\[cause\]|\s+- locked"
    r"|\s*--- End of|\s+---> |at .+(?:\)|\]|:\d+|:line \d+)$"
)
_CAUSES: Final = re.compile(r"(?:Caused by|Stack backtrace|Location):$")
_CARETS: Final = re.compile(r"\s*\^+\s*$")
SOURCE_PLACE: Final = re.compile(r"(?:/|file:|node:|[A-Za-z]:\\)\S*:\d+$")
SCRIPT_PLACE: Final = re.compile(r"(?:\S*\.[cm]?[jt]sx?|node:\S+|\[(?:eval|stdin)\]):\d+\s*$")


def _raised(line: str) -> TracebackState:
    if _CALL.match(line):
        return _CALLS
    return _RAISED_GAP if _is_blank(line) else NONE


def _raised_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _RAISED_GAP
    # Rust's anyhow and its kin list causes so.
    return _CALLS if _CAUSES.match(line) else NONE


def _calls(line: str) -> TracebackState:
    if line[:2] == "  " or line[:1] == "\t" or line == "}" or _CALL.match(line):
        return _CALLS_GAP if line.isspace() else _CALLS
    if _is_blank(line):
        return _CALLS_GAP
    return _NODE_VERSION if line.startswith("Node.js v") else NONE


def _calls_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _CALLS_GAP
    if line.startswith("Node.js v"):
        return _NODE_VERSION
    return _CALLS if _CAUSES.match(line) else NONE


def _source(_: str) -> TracebackState:
    return _SOURCE_LINE


def _script(_: str) -> TracebackState:
    return _SCRIPT_LINE


def _source_line(line: str) -> TracebackState:
    return _UNDERLINED if _CARETS.match(line) else NONE


def _underlined(line: str) -> TracebackState:
    if _is_blank(line):
        return _UNDERLINED
    return _NODE_RAISED if RAISED_LINE_SOMEHOW.match(line[:HEAD_CHARS]) else NONE


# --- Go

_GO_GOES_ON: Final = re.compile(r"goroutine \d+ \[|\[signal |exit status \d|created by ")
_GO_LINE: Final = re.compile(
    r"[\w./*()$%{}\[\]…~-]+\(.*\)\s*$|runtime[.:]|main\.|r\w{1,5}\s+0x|[cfg]s\s+0x|PC="
)
GO_BROKEN: Final = re.compile(
    r"fatal error: (?:all goroutines|concurrent map|unexpected signal|stack overflow|out of memory)"
)


def _panicked(line: str) -> TracebackState:
    if _GO_GOES_ON.match(line):
        return GO
    if _is_blank(line) or _is_indented(line) or _GO_LINE.match(line[:HEAD_CHARS]):
        return PANICKED
    return NONE


def _go(line: str) -> TracebackState:
    if _is_blank(line):
        return _GO_GAP
    if _is_indented(line) or _GO_GOES_ON.match(line) or _GO_LINE.match(line[:HEAD_CHARS]):
        return GO
    return NONE


def _go_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _GO_GAP
    return GO if _GO_GOES_ON.match(line) or _GO_LINE.match(line[:HEAD_CHARS]) else NONE


# --- Rust

RUST_LINE: Final = re.compile(r"thread '[^']*' (?:\(\d+\) )?panicked at ")
_RUST_NOTES: Final = re.compile(r"note: |stack backtrace:")


def _rust_head(line: str) -> TracebackState:
    # The line after the place is the message.
    return _RUST_GAP if _is_blank(line) else RUST_REST


def _rust(line: str) -> TracebackState:
    if _is_blank(line):
        return _RUST_GAP
    return RUST_REST if _is_indented(line) or _RUST_NOTES.match(line) else NONE


def _rust_gap(line: str) -> TracebackState:
    if _is_blank(line):
        return _RUST_GAP
    return RUST_REST if _RUST_NOTES.match(line) else NONE


# --- Ruby and PHP

RUBY_LINE: Final = re.compile(r"\S+:\d+:in [`'].*\([A-Z]\w*(?:::\w+)*\)$")
_RUBY_CALL: Final = re.compile(r"\s+(?:from |\d+: from |\.{3} \d+ levels)")
PHP_LINE: Final = re.compile(r"(?:PHP )?Fatal error:\s+Uncaught [\w\\]")
_PHP_CALL: Final = re.compile(r"Stack trace:$|#\d+ |  thrown in ")


def _ruby_head(line: str) -> TracebackState:
    # The source may stand in between, with a blank line above.
    if _is_blank(line) or (_is_indented(line) and not _RUBY_CALL.match(line)):
        return _RUBY_SHOWN
    return _ruby(line)


def _ruby(line: str) -> TracebackState:
    if _is_indented(line) or line.startswith("Did you mean?"):
        return _RUBY_CALLS
    return RUBY_HEAD if RUBY_LINE.match(line[:HEAD_CHARS]) else NONE


def _php(line: str) -> TracebackState:
    return _PHP_CALLS if _PHP_CALL.match(line) else NONE


def _none(_: str) -> TracebackState:
    return NONE


def _sure(
    name: str, follow: Callable[[str], TracebackState], *, ends: bool = False, says: bool = False
) -> TracebackState:
    return TracebackState(name, follow, True, True, ends, says)


def _likely(name: str, follow: Callable[[str], TracebackState]) -> TracebackState:
    return TracebackState(name, follow, is_likely=True, may_end=True)


def _possible(name: str, follow: Callable[[str], TracebackState]) -> TracebackState:
    return TracebackState(name, follow, may_end=True)


NONE: Final = TracebackState("no traceback", _none)

FRAMES: Final = _sure("Python", _frames)
_FRAMES_GAP: Final = _possible("Python, a blank line", _frames_gap)
_PYTHON_RAISED: Final = _sure("Python, raised", _python_raised, ends=True, says=True)
_PYTHON_MESSAGE: Final = _sure("Python, the message goes on", _python_raised, ends=True)
_PYTHON_GAP: Final = _possible("Python, below", _python_gap)
_CHAINED: Final = _likely("Python, another will follow", _chained)
GROUP: Final = _sure("Python, a group", _group)
_GROUP_RAISED: Final = _sure("Python, a group raised", _group_raised, says=True)
_GROUP_REST: Final = _sure("Python, within a group", _group_raised)
THREAD: Final = _likely("Python, a thread", _python_thread)
SYNTAX: Final = _possible("Python, syntax", _python_syntax)

RAISES: Final = _likely("raised", _raised)
RAISES_SOMEHOW: Final = _possible("raised, perhaps", _raised)
_RAISED_GAP: Final = _possible("raised, below", _raised_gap)
_CALLS: Final = _sure("calls", _calls)
_CALLS_GAP: Final = _possible("calls, below", _calls_gap)
_NODE_VERSION: Final = _sure("JavaScript, the end", _none, ends=True)
_NODE_RAISED: Final = TracebackState(
    "JavaScript, raised", _raised, is_likely=True, may_end=True, says_most=True
)
AT_SOURCE: Final = _likely("a place", _source)
_SOURCE_LINE: Final = _possible("a line of source", _source_line)
AT_SCRIPT: Final = _likely("JavaScript, a place", _script)
_SCRIPT_LINE: Final = _likely("JavaScript, a line of source", _source_line)
_UNDERLINED: Final = _likely("JavaScript, carets", _underlined)

PANICKED: Final = _likely("Go, a panic", _panicked)
BROKEN: Final = _possible("Go, perhaps", _panicked)
GO: Final = _sure("Go", _go)
_GO_GAP: Final = _possible("Go, below", _go_gap)
RUST_HEAD: Final = _sure("Rust, a place", _rust_head)
RUST_REST: Final = _sure("Rust", _rust)
_RUST_GAP: Final = _possible("Rust, below", _rust_gap)
RUBY_HEAD: Final = _sure("Ruby, raised", _ruby_head, ends=True)
_RUBY_SHOWN: Final = _possible("Ruby, a line of source", _ruby_head)
_RUBY_CALLS: Final = _sure("Ruby", _ruby)
PHP_HEAD: Final = _likely("PHP, raised", _php)
_PHP_CALLS: Final = _sure("PHP", _php)


def goes_on(state: TracebackState, line: str) -> TracebackState:
    """The state after ``line``, where that most probably goes on with the traceback; else :data:`NONE`.

    An indented line goes on with any.
    """
    after = state.follow(line)
    if after.is_likely:
        return after
    if _is_indented(line):
        return state if after is NONE else after
    return after if after is not NONE and _is_blank(line) else NONE
