"""An accept path for many entries from one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.inbox import LIGHT, Inbox, Key


class EntryWriter:
    """Accepts entries for a :class:`LogRing` that share channel, logger, job, step and device. Thread-safe."""

    __slots__ = ("_clock", "_entries", "_inbox", "_keys", "channel")

    def __init__(self, inbox: Inbox, place: tuple[str | None, ...]) -> None:
        self._inbox = inbox
        # Bound once, for the hot paths.
        self._entries, self._clock = inbox.entries, inbox.clock
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
            entries = self._entries
            entries.append((self._clock(), message, key))
            if len(entries) > self._inbox.threshold:
                self._inbox.attend()
        else:
            key = key or self._keys[Level.parse(level)]
            self._inbox.accept(message, ts, key, fields, exc)

    def at(self, seconds: float, level: int, message: str) -> None:
        """Accept one entry of a time that is known: ``seconds`` since 1970, as the clock gives them."""
        key = self._keys.get(level)
        if key is not None and len(message) <= LIGHT:
            entries = self._entries
            entries.append((seconds, message, key))
            if len(entries) > self._inbox.threshold:
                self._inbox.attend()
        else:
            self.append(level, message, seconds * 1e3)
