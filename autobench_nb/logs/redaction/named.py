"""Secrets that only their names give away: ``--password=…``, ``API_TOKEN=…``, ``curl -u me:…``. Pure.

They look like anything, so that words of no harm may go with them (``secret=none``). That is too much for a log that is
read while it is written, and right for what is kept in files that are passed on.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[redacted]"

_VALUE: Final = r"""(?:\\?"[^"\\]*\\?"?|\\?'[^'\\]*\\?'?|[^\s&;|,"'<>)}\]]+)"""
_WORD: Final = (
    r"(?:pass(?:word|wd|phrase)|(?<![A-Za-z])pass(?==)|pwd|secret|credentials?"
    r"|(?:api|access|private|secret|account)[_-]?key)"
)
_BEFORE: Final = r"(?<![A-Za-z0-9])[A-Za-z0-9_.-]{0,64}?"
_QUOTE: Final = r"""(?:\\?["'])?"""
_PATTERNS: Final = tuple(
    re.compile(f"(?i){pattern}")
    for pattern in (
        # An assignment, a query's parameter, a member of an object.
        rf"({_BEFORE}{_WORD}{_QUOTE}\s{{0,3}}(?:=|:(?!//))\s{{0,3}})({_VALUE})",
        # A token is a word of parsers, too: "unexpected token: ','".
        rf"""({_BEFORE}token(?:{_QUOTE}\s{{0,3}}=|\\?["']\s{{0,3}}:)\s{{0,3}})({_VALUE})""",
        # An option and its value.
        rf"((?<![^\s'\"])--?[A-Za-z0-9_.-]{{0,64}}?(?:{_WORD}|(?<=-)pass|token)\s{{1,3}})(?!-)({_VALUE})",
        # Name and password of curl and wget; the name stays.
        r"((?<![^\s])(?:-u|--user|--proxy-user)[ =]{0,3}['\"]?[^\s:'\"]{1,200}:)([^\s'\"]+)",
        r"(\bsshpass\s{1,3}-p\s{0,3})(\S+)",
        r"(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&\n]{0,500}?\s-p)(\S+)",
    )
)


def without_named_secrets(text: str) -> str:
    """``text`` with :data:`MASK` where a value stood whose name says that it is a secret."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text
