"""Tracebacks among the lines that a program prints: many lines, and one thing. Pure.

Python (also chains, groups, syntax errors, threads), Java and its kin, JavaScript, Go and Rust. Where a line only may
begin one, it is held until the next says more; who reads a live stream flushes what is held after a moment of silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

LINES_LIMIT: Final = 2_000
"""Lines of one traceback; what comes after them is text like any other."""


class Traceback(NamedTuple):
    """A whole traceback: the line that says most, the whole text, and how many lines it has."""

    message: str
    text: str
    lines: int


_PYTHON = re.compile(r"(?:\s*\+ Exception Group )?Traceback \(most recent call last\):\s*$")
_PYTHON_SYNTAX = re.compile(r'  File ".*", line \d+\s*$')
_PYTHON_THREAD = re.compile(r"Exception (?:in thread|ignored in)\b.*:?\s*$")
_PYTHON_CHAIN = re.compile(
    r"(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\s*$"
)
_RAISED = re.compile(
    r'(?:Exception in thread ".*" |Uncaught |Unhandled exception\. )?[\w.$/]*(?:Exception|Error|Throwable)\b'
)
_CALL = re.compile(
    r"\s+at .|\s*\.\.\. \d+ (?:more|common)|Caused by: |\s+Suppressed: |\s*\[cause\]|\s+- locked|\s+--- End of"
)
_SOURCE = re.compile(r"(?:/|file:|node:|[A-Za-z]:\\)\S*:\d+\s*$")
_CARETS = re.compile(r"\s*\^+\s*$")
_GO = re.compile(r"(?:panic|fatal error): .")
_GO_MORE = re.compile(
    r"\s*$|\s+\S|goroutine \d+ \[|[\w./*()$%{}\[\]…-]+\(.*\)\s*$|created by |\[signal |exit status \d+|panic: "
)
_RUST = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at ")
_RUST_MORE = re.compile(r"note: |stack backtrace:|\s+\d+: |\s+at |\s*$")

_State = Callable[["TracebackGrouper", str], bool]


class TracebackGrouper:
    """Give it lines, take lines and :class:`Traceback` in their place. ``is_open``: whether it holds any."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._state: _State | None = None
        # How many of the lines held are a traceback for sure, and which of them says most.
        self._sure = 0
        self._says = 0

    @property
    def is_open(self) -> bool:
        return self._state is not None

    @property
    def may_be_whole(self) -> bool:
        """Whether what is held may well be all that comes."""
        return self.is_open and self._state not in (_in_python, _in_calls, _in_go_panic, _in_rust)

    def feed(self, line: str) -> list[str | Traceback]:
        """One more line; gives what is known to be whole by now."""
        if self._state is None:
            self._state = _start(line)
            if self._state is None:
                return [line]
            self._hold(line)
            return []
        if self._state(self, line) and len(self._held) < LINES_LIMIT:
            self._hold(line)
            return []
        return [*self.flush(), *self.feed(line)]

    def flush(self) -> list[str | Traceback]:
        """What is held; what cannot be a traceback is lines again."""
        held, sure = self._held, self._sure
        done: list[str | Traceback] = []
        if sure:
            done.append(Traceback(held[self._says].strip(), "\n".join(held[:sure]), sure))
        done += held[sure:]
        self._held, self._state, self._sure, self._says = [], None, 0, 0
        return done

    def _hold(self, line: str) -> None:
        self._held.append(line)
        if self._state in (_in_python, _in_calls, _in_go_panic, _in_rust):
            self._sure = len(self._held)

    # Each state says whether the next line still belongs to it, and what state comes then.

    def set_state(self, state: _State, *, says: int | None = None) -> bool:
        self._state = state
        if says is not None:
            self._says = says
        return True

    @property
    def count(self) -> int:
        return len(self._held)

    def settle(self) -> None:
        """What is held, and the line that comes, is a traceback for sure."""
        self._sure = len(self._held) + 1


def _start(line: str) -> _State | None:
    if _PYTHON.match(line) or _PYTHON_SYNTAX.match(line):
        return _in_python
    if _PYTHON_THREAD.match(line) and '"' not in line:
        return _after_thread
    if _RAISED.match(line):
        return _after_raised
    if _SOURCE.match(line):
        return _after_source
    if _GO.match(line):
        return _in_go_panic
    return _in_rust if _RUST.match(line) else None


def _in_python(grouper: TracebackGrouper, line: str) -> bool:
    if line[:1] in (" ", "\t", "|", "+") or _PYTHON.match(line):
        return True
    if not line.strip():
        return False
    # The first line that is not indented says what was raised.
    grouper.settle()
    return grouper.set_state(_after_python, says=grouper.count)


def _after_python(grouper: TracebackGrouper, line: str) -> bool:
    if _PYTHON_CHAIN.match(line):
        return grouper.set_state(_after_chain)
    return not line.strip()


def _after_chain(grouper: TracebackGrouper, line: str) -> bool:
    if not line.strip():
        return True
    return bool(_PYTHON.match(line)) and grouper.set_state(_in_python)


def _after_thread(grouper: TracebackGrouper, line: str) -> bool:
    return bool(_PYTHON.match(line)) and grouper.set_state(_in_python)


def _after_raised(grouper: TracebackGrouper, line: str) -> bool:
    return bool(_CALL.match(line)) and grouper.set_state(_in_calls)


def _in_calls(_: TracebackGrouper, line: str) -> bool:
    return bool(_CALL.match(line)) or line[:2] == "  " or line == "}"


def _after_source(grouper: TracebackGrouper, line: str) -> bool:
    # The path, the line of source, carets, a blank line, and what was raised.
    if grouper.count == 1:
        return True
    if grouper.count == 2:
        return bool(_CARETS.match(line))
    if not line.strip():
        return grouper.count < 5
    return bool(_RAISED.match(line)) and grouper.set_state(_after_raised, says=grouper.count)


def _in_go_panic(_: TracebackGrouper, line: str) -> bool:
    return bool(_GO_MORE.match(line))


def _in_rust(grouper: TracebackGrouper, line: str) -> bool:
    # The line after the first is the message.
    return grouper.count == 1 or bool(_RUST_MORE.match(line))
