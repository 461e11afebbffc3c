"""Which lines are parts of a traceback: Python's, Java's, Node's, Go's, Rust's and .NET's."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final


class TracebackKind(Enum):
    """In what kind of traceback a line stands."""

    NONE = auto()
    PYTHON = auto()
    PYTHON_ENDED = auto()
    JAVA = auto()
    NODE = auto()
    GO = auto()


_NAME: Final = r"[A-Za-z_$][\w$]*(?:[.:\\]{1,2}[\w$]+)*"
_STARTS: Final = (
    (re.compile(r"Traceback \(most recent call last\):"), TracebackKind.PYTHON),
    (re.compile(r"(?:panic: |goroutine \d+ \[|fatal error: (?:all goroutines|concurrent map|unexpected signal))"),
     TracebackKind.GO),
    (re.compile(r'(?:Exception in thread "|Caused by: |Suppressed: |Unhandled exception\. |Wrapped by: )'),
     TracebackKind.JAVA),
    (re.compile(rf"(?:Uncaught )?(?:{_NAME})??(?:Error|Exception|Throwable|Failure|Interrupt)(?: \[\w+\])?(?:: .*)?$",
                re.ASCII),
     TracebackKind.JAVA),
    (re.compile(r"thread '[^']*' (?:\(\d+\) )?panicked at "), TracebackKind.GO),
    (re.compile(r"(?:/|node:|file://|[A-Z]:\\)\S+:\d+$"), TracebackKind.NODE),
)  # fmt: skip
_FIRST: Final = frozenset("TpgfECSUWt/n")
_ENDS_IN: Final = re.compile(r"(?:Error|Exception|Throwable|Failure|Interrupt)\b")
_PYTHON_GOES_ON = (
    "During handling of the above exception",
    "The above exception was the direct cause",
    "Traceback (",
)
_JAVA_GOES_ON = re.compile(
    r"\.{3} \d+ (?:more|common frames omitted)|Caused by: |Suppressed: |\}$|--- End of |at "
)
_GO_GOES_ON = re.compile(
    r"goroutine \d+ \[|created by |exit status \d|\[signal |[\w./*()$~-]+\(.*\)$|stack backtrace:|note: |rax |"
    r"runtime\.|panic: |main\.|[A-Za-z ]+ left: "
)


def start_of(line: str) -> TracebackKind:
    """What kind of traceback ``line`` begins, if any."""
    if line[:1] in _FIRST or _ENDS_IN.search(line, 0, 256):
        head = line[:512]
        for pattern, kind in _STARTS:
            if pattern.match(head):
                return kind
    return TracebackKind.NONE


def next_state(state: TracebackKind, line: str) -> TracebackKind:
    """The state after ``line``, where it goes on with the traceback; :attr:`TracebackKind.NONE` where it does not.

    An indented line goes on with each kind; so does an empty one, but for Java's.
    """
    indented = line[:1] in (" ", "\t")
    if state is TracebackKind.PYTHON:
        return state if indented or not line else TracebackKind.PYTHON_ENDED
    if state is TracebackKind.PYTHON_ENDED:
        if not line or indented:
            return state
        if line.startswith(_PYTHON_GOES_ON):
            return TracebackKind.PYTHON if line[0] == "T" and line[1] == "r" else state
        return TracebackKind.NONE
    if state is TracebackKind.JAVA:
        if indented or _JAVA_GOES_ON.match(line):
            return state
        return state if start_of(line) is TracebackKind.JAVA else TracebackKind.NONE
    if state is TracebackKind.NODE:
        if indented or not line or line == "}" or line.startswith("Node.js v"):
            return state
        return state if start_of(line) is TracebackKind.JAVA else TracebackKind.NONE
    if state is TracebackKind.GO:
        return (
            state if indented or not line or _GO_GOES_ON.match(line[:512]) else TracebackKind.NONE
        )
    return TracebackKind.NONE
