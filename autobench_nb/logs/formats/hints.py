"""Which of many lines are worth a closer look: one search for a whole flood, most lines of which say no level."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

import re2

_WORDS: Final = (
    r"error|warn|fatal|critical|panic|exception|throwable|debug|dbug|trace|trce|severe|verbose|alert|emerg|fail|"
    r"interrupt|systemexit|level|severity|priority|deprecated|fehler|warnung|kritisch|erreur|avertissement|"
    r"\bfine|\bcrit\b|\berro?\b|\beror\b|\blvl|\b(?:wrn|dbg|trc|vrb|"
    r"ftl|pnc|pani|fata|debu|trac|silly|config|assert|fault)\b"
)
"""Parts of words, in any case."""
_PLACES: Final = (
    r"(?m:^\[?[DIWEFC](?: |\d{4} |\d{8} )\d\d)",  # glog, Jupyter
    r"(?m:^[DVWEFAS]/)|\d:? [DVWEFAS]\d?(?: |/)",  # Android, MongoDB
    r"(?m:^<\d{1,3}>)",  # syslog
    r'(?:"|/| \d\d\d| -|\t)[ \t]?[45]\d\d[ \t]',  # servers
    r'"(?:s|@l|lvl)": ?"',
    r"\.\d{3} [-.#] |ERR!|\*\*\* |build stopped|-[0-47]-[A-Z]|(?m:^[DWEFA], \[)",  # Redis, npm, Cisco, Ruby
    r'(?m:^  File "|^(?:/|file:|node:|\[eval|\[stdin|[A-Za-z]:\\)\S*:\d+\s*$)',  # tracebacks
    r"(?m:^goroutine \d|^SIG[A-Z]+: |:in [`'].*\([A-Z][\w:]*\)$)",  # Go's and Ruby's
)
_HINT: Any = re2.compile(f"(?i:{_WORDS})|{'|'.join(_PLACES)}".encode())
"""A line in which it does not hit says no level but ``info``, and begins no traceback."""


def lines_with_hints(joined: bytes, lengths: Iterator[int]) -> set[int] | None:
    """The numbers of the lines that are worth a closer look.

    Args:
        joined: Lines, each with a newline at its end, as UTF-8.
        lengths: The bytes that each line has with its newline.

    Returns:
        None for none, found by one search of the whole.
    """
    if _HINT.search(joined) is None:
        return None
    found: set[int] = set()
    hits = _HINT.finditer(joined)
    hit = next(hits).start()
    for number, end in enumerate(accumulate(lengths)):
        if hit < end:
            found.add(number)
            while hit < end:
                match = next(hits, None)
                if match is None:
                    return found
                hit = match.start()
    return found
