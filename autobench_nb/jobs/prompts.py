"""Whether an unfinished line asks for something: pure."""

from __future__ import annotations

import re

_PROMPT = re.compile(
    r"(?i)(?:[?:>$#❯»]"
    r"|[\[(<][^\[\]()<>\n]*\b(?:y|n|yes|no|ok|q|a|default|enter|abort|retry|skip|all)\b[^\[\]()<>\n]*[\])>]"
    r"|\b(?:press|hit)\b[^\n]*\b(?:enter|return|key|space)\b[^\n]*"
    r"|--more--|\(end\))[ \t]*\Z"
)


def looks_like_prompt(text: str) -> bool:
    """Whether ``text``, the end of what a command has printed, ends as a question does: ``Go on? [y/N] ``, ``name: ``.

    A program that only says what it does (``Compressing ...``) ends its line otherwise, and does not wait.
    """
    return _PROMPT.search(text[-400:]) is not None
