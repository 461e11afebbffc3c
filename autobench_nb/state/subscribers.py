"""Who is told of commits: each callback by itself, none of them able to harm the others or to keep itself busy.

A callback that mutates the state, or logs, causes the next commit by what it does (an *echo*). Some rounds of that are
fine: one value follows from another until all have settled. One that never settles would be told of its own echoes for
ever: after :data:`MAX_ECHOES` of them in a row it is no longer told of commits that hold nothing but echoes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from threading import get_ident
from typing import Final

from autobench_nb.errors import is_meant_for_the_program
from autobench_nb.state.commit import Commit
from autobench_nb.state.pointer import parse, related

_logger = logging.getLogger(__name__)

MAX_ECHOES: Final = 8
"""Commits in a row, caused by callbacks alone, that a callback which causes them is told of."""

Fault = Callable[[str, BaseException | None], None]
"""Takes a sentence on what went wrong, and what was raised, if anything was."""


class _Subscriber:
    __slots__ = ("callback", "echoed", "failures", "feeds_itself", "name", "pointer", "rounds")

    def __init__(self, callback: Callable[[Commit], None], pointer: str) -> None:
        self.callback = callback
        self.pointer = pointer
        self.name = _name_of(callback)
        self.failures = 0
        self.rounds = 0
        self.echoed = False
        self.feeds_itself = False


class Subscribers:
    """The callbacks of one store, told in the thread that flushes.

    ``position()``: how far the log has come, since a callback's line in the log causes a commit, too. ``on_fault`` is
    told of what a callback does wrong, once for each callback (default: the standard logging). ``telling_thread``: the
    thread that is within a callback now, or 0. The store counts in ``echoes`` by how many versions it has moved the
    state.
    """

    def __init__(
        self, position: Callable[[], int] | None = None, on_fault: Fault | None = None
    ) -> None:
        self._all: tuple[_Subscriber, ...] = ()
        self._position = position or _zero
        self._on_fault = on_fault or _log_fault
        self._position_told = 0
        self.telling_thread = 0
        self.echoes = 0

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, callback: Callable[[Commit], None], pointer: str) -> Callable[[], None]:
        """Tell ``callback`` of what happens at, below or above ``pointer``. Gives back the way to end it."""
        parse(pointer)
        one = _Subscriber(callback, pointer)
        self._all = (*self._all, one)

        def unsubscribe() -> None:
            self._all = tuple(other for other in self._all if other is not one)

        return unsubscribe

    def is_echo(self, versions: int, bookkeeping: int) -> bool:
        """Whether a commit of so many versions was caused by callbacks alone. Starts the next commit's count.

        ``bookkeeping``: how many of them only say how far the log has come.
        """
        echoes, self.echoes = self.echoes, 0
        if bookkeeping and self._position() == self._position_told:
            echoes += bookkeeping
        return versions <= echoes

    def tell(self, commit: Commit, is_echo: bool) -> None:
        """Call each callback with its part of ``commit``. What one raises is told, and is nobody else's trouble."""
        self.telling_thread = get_ident()
        try:
            for one in self._all:
                part = commit.only(partial(related, one.pointer)) if one.pointer else commit
                if part is not None and not self._skips(one, is_echo):
                    self._call(one, part)
        finally:
            self.telling_thread = 0
            self._position_told = self._position()

    def _skips(self, one: _Subscriber, is_echo: bool) -> bool:
        one.rounds = one.rounds + 1 if is_echo and one.echoed else 0
        if one.rounds > MAX_ECHOES and not one.feeds_itself:
            one.feeds_itself = True
            self._on_fault(
                f"The subscriber {one.name} changes the state or logs whenever it is called, and is called for "
                "that again: from now on it is not called for what subscribers alone have caused.",
                None,
            )
        return is_echo and one.feeds_itself

    def _call(self, one: _Subscriber, part: Commit) -> None:
        before = (self.echoes, self._position())
        try:
            one.callback(part)
        except BaseException as error:
            if is_meant_for_the_program(error):
                raise
            one.failures += 1
            self._tell_failure(one, error)
        one.echoed = (self.echoes, self._position()) != before

    def _tell_failure(self, one: _Subscriber, error: BaseException) -> None:
        if one.failures == 1:
            where = one.pointer or "the state"
            self._on_fault(
                f"A subscriber to {where} failed: {one.name}. Its next failures are only counted.",
                error,
            )
        elif str(one.failures).strip("0") == "1":  # 10, 100, 1000 ...
            self._on_fault(f"The subscriber {one.name} has failed {one.failures:,} times.", None)


def _name_of(callback: object) -> str:
    """The callback's name, with its module: what its author can find it by."""
    inner = getattr(callback, "func", callback)  # of a functools.partial
    name = getattr(inner, "__qualname__", None) or type(inner).__qualname__
    module = getattr(inner, "__module__", None) or type(inner).__module__
    code = getattr(inner, "__code__", None)
    line = f", line {code.co_firstlineno}" if code is not None else ""
    return f"{module}.{name}{line}"


def _zero() -> int:
    return 0


def _log_fault(sentence: str, error: BaseException | None) -> None:
    if error is None:
        _logger.warning("%s", sentence)
    else:
        _logger.error("%s", sentence, exc_info=error)
