"""An accept path for many entries from one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.intake import LIGHT, Key

if TYPE_CHECKING:
    from autobench_nb.logs.ring.ring import LogRing


class EntryWriter:
    """Accepts entries for a :class:`LogRing` that share channel, logger, job, step and device. Thread-safe."""

    __slots__ = ("_clock", "_inbox", "_keys", "_ring", "channel")

    def __init__(self, ring: LogRing, place: tuple[str | None, ...]) -> None:
        self._ring = ring
        self._inbox = ring._inbox
        self._clock = ring._clock
        channel, *names = place
        self.channel = str(channel)
        self._keys: dict[object, Key] = {
            name: key
            for level in Level
            for key in (Key((channel, level, *names)),)
            for name in (level, level.wire)
        }

    def append(
        self,
        level: Level | int | str,
        message: str,
        ts: float | None = None,
        fields: Mapping[str, Any] | None = None,
        exc: str | None = None,
    ) -> None:
        """Accept one entry, as :meth:`LogRing.append` does."""
        try:
            light = ts is None and fields is None and exc is None and len(message) <= LIGHT
        except TypeError:
            light = False
        key = self._keys.get(level)
        if light and key is not None:
            inbox = self._inbox
            inbox.append((self._clock(), message, key))
            if len(inbox) > self._ring._threshold:
                self._ring._notice()
        else:
            key = key or self._keys[Level.parse(level)]
            self._ring._append_rare(message, ts, key, fields, exc)

    def at(self, seconds: float, level: int, message: str) -> None:
        """Accept one entry of a time that is known: ``seconds`` since 1970, as the clock gives them."""
        key = self._keys.get(level)
        if key is not None and len(message) <= LIGHT:
            inbox = self._inbox
            inbox.append((seconds, message, key))
            if len(inbox) > self._ring._threshold:
                self._ring._notice()
        else:
            self.append(level, message, seconds * 1e3)
