"""Names that are unique for ever: of runs, by which they sort in time, and of jobs, which count on within one life."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime
from typing import Final

_LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit, and none is lost where case is."""


class Ids:
    """Makes ids; thread-safe. Two of them, in whatever processes, never give the same.

    Each run also has a label, such as ``run-3``, which people can say, and which is unique within this life alone.
    """

    def __init__(self) -> None:
        self._life = _random(8)
        self._jobs = itertools.count(1)
        self._runs = itertools.count(1)

    def run(self) -> tuple[str, str]:
        """The id and the label of a new run: ``("20261128-184502-417k3x9f2", "run-3")``; the time is UTC."""
        now = datetime.now(UTC)
        time = f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}"
        return f"{time}{_random(6)}", f"run-{next(self._runs)}"

    def job(self) -> str:
        """The id of a new job: ``k3x9f2mq-17``."""
        return f"{self._life}-{next(self._jobs)}"


def _random(letters: int) -> str:
    return "".join(_LETTERS[byte & 31] for byte in secrets.token_bytes(letters))
