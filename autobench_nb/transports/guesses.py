"""What keeps guessing and replaying out: a budget for wrong tokens, and codes that work once. No I/O."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

BURST: Final = 20
"""Wrong tokens in a row that an address may show."""
REFILL_S: Final = 2.0
"""Seconds until it may show one more."""
ADDRESSES: Final = 1_024
"""Addresses that are remembered; the one that guessed first is forgotten beyond it."""
CODE_LIFE_S: Final = 600.0
"""How long a code can be redeemed."""
CODES: Final = 64
"""Codes that wait to be redeemed; the oldest ends beyond it."""


class Guesses:
    """How many wrong tokens each address has shown lately. Any thread. ``clock`` gives seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: dict[str, tuple[float, float]] = {}  # address -> (guesses, when)

    def may_try(self, address: str) -> bool:
        """Whether a token from there is looked at at all."""
        return self._now_spent(address) <= BURST - 1

    def wrong(self, address: str) -> None:
        """One from there was wrong."""
        with self._lock:
            spent = self._now_spent(address) + 1
            self._spent.pop(address, None)
            if len(self._spent) >= ADDRESSES:
                del self._spent[next(iter(self._spent))]
            self._spent[address] = (spent, self._clock())

    def _now_spent(self, address: str) -> float:
        spent, since = self._spent.get(address, (0.0, 0.0))
        return max(0.0, spent - (self._clock() - since) / REFILL_S)


class OneTimeCodes:
    """Codes that sign a browser in, each once and not for long. Any thread. ``clock`` gives seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def new(self) -> str:
        """A code that nobody can guess."""
        code = secrets.token_urlsafe(24)
        self._ends[code] = self._clock() + CODE_LIFE_S
        for old in list(self._ends)[:-CODES]:
            self._ends.pop(old, None)
        return code

    def redeem(self, given: str) -> bool:
        """Whether it is one, still good, and was not redeemed before; it is used up by that."""
        found = None
        for code in list(self._ends):  # all of them, so that the time tells nothing
            if hmac.compare_digest(code.encode(), given.encode("utf-8", "surrogatepass")):
                found = code
        if found is None:
            return False
        ends = self._ends.pop(found, None)
        return ends is not None and self._clock() <= ends


class SecretText(str):
    """Text that is not shown where a notebook or a log shows values: ``print`` it, or open it, to use it."""

    __slots__ = ("_shown",)
    _shown: str

    @classmethod
    def of(cls, text: str, shown: str) -> SecretText:
        """``text``, of which a ``repr`` says ``shown``."""
        one = cls(text)
        one._shown = shown
        return one

    def __repr__(self) -> str:
        return self._shown
