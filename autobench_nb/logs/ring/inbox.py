"""Where accepted entries wait until somebody reads: shared by a ring, which drains it, and its writers, who fill it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from autobench_nb.logs.entry import Level
from autobench_nb.logs.text import clean, flatten

LIGHT: Final = 1_024
"""Characters of a message that is accepted without a closer look."""
INBOX_LIMIT: Final = 8_192
"""Entries that may wait in the inbox."""
INBOX_WEIGHT: Final = 8 * 1024 * 1024
"""Characters that may wait in the inbox, counting entries of more than :data:`LIGHT` only."""

# What a calendar can say: the years 1 to 9999. Any other time could not be exported.
_FIRST_SECOND = -62_135_596_800.0
_LAST_SECOND = 253_402_300_799.999


class Key:
    """A key made once for many entries: found by identity, which is quicker than by its parts."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


class Rare:
    """What only some entries have, in the place of the entry's key: fields, a traceback, a ``long`` message."""

    __slots__ = ("exc", "fields", "key", "long")

    def __init__(
        self, key: Any, fields: Mapping[str, Any] | None, exc: str | None, long: bool
    ) -> None:
        self.key = key
        self.fields = fields
        self.exc = exc
        self.long = long


class Inbox:
    """Accepted entries that are neither numbered nor redacted yet. Any thread may append.

    The hot paths of the ring and its writers are written out where they are called, and use three attributes: they
    append ``(seconds, message, key)`` to ``entries`` with the time that ``clock()`` gives, and call :meth:`attend` when
    there are more than ``threshold`` entries.

    Attributes:
        entries: What waits, oldest first.
        clock: Gives seconds since 1970.
        threshold: The length from which on :meth:`attend` is due: 0 when nobody has been told of new entries since
            the last read, else :data:`INBOX_LIMIT`.
        weight: Characters that wait in entries of more than :data:`LIGHT`. Guarded by ``lock``.
        lock: Held by whoever drains or reads. Reentrant, since a garbage collection inside a drain may run a finalizer
            that logs.
        on_dirty: Called, outside ``lock`` and by the accepting thread, when the first entry arrives after a read.
    """

    __slots__ = ("_drain", "clock", "entries", "lock", "on_dirty", "threshold", "weight")

    def __init__(
        self,
        clock: Callable[[], float],
        drain: Callable[[], None],
        on_dirty: Callable[[], None] | None,
    ) -> None:
        """Make an empty inbox; ``drain()`` empties it into the ring, and is called with ``lock`` held."""
        self.clock = clock
        self.entries: list[tuple[float, str, Any]] = []
        self.threshold = 0
        self.weight = 0
        self.lock = threading.RLock()
        self.on_dirty = on_dirty
        self._drain = drain

    def after_fork_in_child(self) -> None:
        """Take a lock of its own for the child, where nobody is to be told."""
        self.lock = threading.RLock()
        self.on_dirty = None
        self.threshold = INBOX_LIMIT

    def __len__(self) -> int:
        return len(self.entries)

    def clear(self) -> None:
        """Forget what waits."""
        self.entries.clear()

    def expect_reader(self) -> None:
        """Note that somebody reads now: the next entry is told of again. The caller holds the lock."""
        self.threshold = 0 if self.on_dirty is not None else INBOX_LIMIT

    def attend(self) -> None:
        """Do what a length past ``threshold`` asks for: drain where too many wait, and tell of the first new entry."""
        is_first = self.threshold == 0
        self.threshold = INBOX_LIMIT
        if len(self.entries) > INBOX_LIMIT:
            with self.lock:
                self._drain()
        if is_first and self.on_dirty is not None:
            self.on_dirty()

    def accept(
        self,
        message: object,
        ts: float | None,
        key: Any,
        fields: Mapping[str, Any] | None,
        exc: str | None,
    ) -> None:
        """Accept any entry, also one that the hot paths do not take.

        Args:
            message: The text; anything else is turned into text.
            ts: Milliseconds since 1970, or ``None`` for now.
            key: A :class:`Key`, or the tuple of channel, level, logger, job, step and device.
            fields: Structured data, flattened and copied here.
            exc: A traceback.

        Raises:
            ValueError: ``ts`` or the level is none.
        """
        if type(key) is not Key:
            key = (key[0], Level.parse(key[1]), *key[2:])
        text = message if isinstance(message, str) else clean(message)
        seconds = self.clock() if ts is None else _seconds(ts)
        weight = len(text)
        flat = flatten(fields) if fields else None
        trace = None if exc is None else clean(exc)
        long = weight > LIGHT
        if flat or trace or long:
            weight += sum(64 + len(str(value)) for value in (flat or {}).values())
            weight += len(trace or "")
            self.entries.append((seconds, text, Rare(key, flat, trace, long)))
        else:
            self.entries.append((seconds, text, key))
        drained = False
        if weight > LIGHT:
            with self.lock:
                self.weight += weight
                drained = self.weight > INBOX_WEIGHT
                if drained:
                    self._drain()
        # What was drained at once no longer waits in the inbox, but nobody has been told of it either.
        if drained or len(self.entries) > self.threshold:
            self.attend()


def _seconds(ts: float) -> float:
    """The time ``ts``, in milliseconds since 1970, as seconds."""
    try:
        seconds = float(ts) / 1e3
    except OverflowError:
        # An integer of 400 digits is larger than any float.
        seconds = math.inf
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise ValueError("ts is no time: it takes milliseconds since 1970, in the years 1 to 9999.")
    return seconds
