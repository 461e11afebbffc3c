"""What traceback a line begins, if any: for sure, most probably, or possibly."""

from __future__ import annotations

import re
from typing import Final

from autobench_nb.logs.formats.tracebacks import (
    AT_SCRIPT,
    AT_SOURCE,
    BROKEN,
    FRAMES,
    GO,
    GO_BROKEN,
    GROUP,
    HEAD_CHARS,
    NAMED,
    NAMED_SOMEHOW,
    NONE,
    PANICKED,
    PHP_HEAD,
    PHP_LINE,
    PYTHON_HEAD,
    RAISED_LINE,
    RAISED_LINE_SOMEHOW,
    RAISES,
    RAISES_SOMEHOW,
    RUBY_HEAD,
    RUBY_LINE,
    RUST_HEAD,
    RUST_LINE,
    RUST_REST,
    SCRIPT_PLACE,
    SOURCE_PLACE,
    SYNTAX,
    THREAD,
    TracebackState,
)

PYTHON_GROUP: Final = "  + "
"""How the first line of a group of exceptions begins: the only traceback that begins indented."""
_Starts = dict[str, tuple[tuple[re.Pattern[str], TracebackState], ...]]
_LIKELY: Final[_Starts] = {
    "Trac": ((re.compile(r"Traceback \(most recent call last\)"), FRAMES),),
    PYTHON_GROUP: ((PYTHON_HEAD, GROUP),),
    "+ Ex": ((PYTHON_HEAD, GROUP),),
    "Exce": (
        (re.compile(r"Exception (?:in thread [^\"]*|ignored .*):\s*$"), THREAD),
        (re.compile(r"Exception ignored in: "), THREAD),
        (re.compile(r'Exception in thread "'), RAISES),
    ),
    "Caus": ((re.compile(r"Caused by: "), RAISES),),
    "Supp": ((re.compile(r"Suppressed: "), RAISES),),
    "Unha": ((re.compile(r"Unhandled [Ee]xception[.:] "), RAISES),),
    "Unca": ((re.compile(f"Uncaught {NAMED}", re.ASCII), RAISES),),
    "Wrap": ((re.compile(r"Wrapped by: "), RAISES),),
    "pani": ((re.compile(r"panic: ."), PANICKED),),
    "fata": ((GO_BROKEN, PANICKED),),
    "goro": ((re.compile(r"goroutine \d+ \["), GO),),
    "thre": ((re.compile(RUST_LINE.pattern + r".*:$"), RUST_HEAD), (RUST_LINE, RUST_REST)),
    "Fata": ((PHP_LINE, PHP_HEAD),),
    "PHP ": ((PHP_LINE, PHP_HEAD),),
}
"""By the first four characters of a line."""
_POSSIBLE: Final[_Starts] = {
    "  Fi": ((re.compile(r'  File ".*", line \d+\s*$'), SYNTAX),),
    "Unca": ((re.compile(f"Uncaught {NAMED_SOMEHOW}"), RAISES_SOMEHOW),),
    "fata": ((re.compile(r"fatal error: ."), BROKEN),),
    **{f"SIG{letter}": ((re.compile(r"SIG[A-Z]{2,7}: "), BROKEN),) for letter in "ABFIQST"},
}
_NAMES_END: Final = ("Error", "Exception", "Throwable", "Failure", "Interrupt")
_NAMES_LAST: Final = frozenset(name[-1] for name in _NAMES_END)
_DIGITS: Final = frozenset("0123456789")
_PLACES_BEGIN: Final = frozenset("/fn[")


def start_of(line: str) -> TracebackState:
    """What ``line`` may begin, if anything."""
    state = likely_start_of(line)
    if state is NONE:
        head = line[:HEAD_CHARS]
        for pattern, possible in _POSSIBLE.get(head[:4], ()):
            if pattern.match(head):
                return possible
        if (
            "rror" in head or "xception" in head or "Throwable" in head
        ) and RAISED_LINE_SOMEHOW.match(head):
            return RAISES_SOMEHOW
    return state


def likely_start_of(line: str) -> TracebackState:
    """What ``line`` most probably begins, if anything; written for lines that begin nothing."""
    begins = _LIKELY.get(line[:4])
    if begins is not None:
        for pattern, state in begins:
            if pattern.match(line[:HEAD_CHARS]):
                return state
    end = line.find(" ")
    if (
        line.endswith(_NAMES_END)
        if end < 0
        else (line[end - 1] == ":" and line[end - 2] in _NAMES_LAST)
        or line[end + 1 : end + 2] == "["
    ) and RAISED_LINE.match(line[:HEAD_CHARS]):
        return RAISES
    last = line[-1:]
    if last == ")":
        return RUBY_HEAD if ":in " in line and RUBY_LINE.match(line[:HEAD_CHARS]) else NONE
    if (
        last in _DIGITS
        and (line[0] in _PLACES_BEGIN or line[1:3] == ":\\")
        and len(line) <= HEAD_CHARS
    ):
        if SCRIPT_PLACE.match(line):
            return AT_SCRIPT
        return AT_SOURCE if SOURCE_PLACE.match(line) else NONE
    return NONE
