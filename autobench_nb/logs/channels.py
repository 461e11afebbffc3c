"""Channels: the named sources of log entries, each with an emoji and a colour.

The names are those of the plan and of AutoBench98's own orchestrator, with the emoji and the colours that it gives
them, by the names that its web client reads (``contract.colors``). Any other name is a channel as well: it gets a
neutral emoji and a colour that depends on the name alone, so that it is the same in every process and after every
restart.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from autobench_nb.contract.colors import COLORS
from autobench_nb.logs.text import clean_name

NEUTRAL_EMOJI: Final = "🔹"
NAME_LIMIT: Final = 64
"""Characters that a channel name may have; the rest is cut off."""
REGISTRY_LIMIT: Final = 1_000
"""Channels that are remembered; a name beyond it still gets its colour, but is not listed."""

BLUE, YELLOW, GREEN, MAGENTA, CYAN, RED, WHITE, PURPLE = COLORS

PALETTE: Final = (BLUE, YELLOW, GREEN, MAGENTA, CYAN, PURPLE)
"""What new channels get: red looks like a fault, and white like none."""


class Channel(NamedTuple):
    """One channel: its ``name``, its ``emoji`` and its ``color`` (a name of ``COLORS``, or any other CSS colour)."""

    name: str
    emoji: str
    color: str


KNOWN: Final = (
    Channel("orchestrator", "🛰️", BLUE),
    Channel("app", "📦", BLUE),
    Channel("benchmark", "⏱️", GREEN),
    Channel("job", "🏃", YELLOW),
    Channel("pno", "🔬", PURPLE),
    Channel("websocket", "🔗", CYAN),
    Channel("request", "📝", PURPLE),
    Channel("sidecar", "🧩", YELLOW),
    Channel("ffmpeg", "🎬", MAGENTA),
    Channel("stream", "📺", CYAN),
    Channel("ocr", "🔎", GREEN),
    Channel("device", "🛠️", RED),
    Channel("powermeter", "🔌", YELLOW),
    Channel("keyboard", "⌨️", CYAN),
    Channel("mouse", "🖱️", WHITE),
    Channel("serial-printer", "🖨️", WHITE),
    Channel("atlona-controller", "📽️", PURPLE),
    Channel("cf-imager", "💾", CYAN),
    Channel("frontpanel", "⏻", RED),
    Channel("python", "🐍", MAGENTA),
)


def _clean(name: str) -> str:
    text = clean_name(str(name))
    text = " ".join(text.split())[:NAME_LIMIT]
    return text or "app"


class Channels:
    """The channels of one orchestrator, known ones first, new ones in the order in which they came.

    Thread-safe. ``version`` grows by one with every change of what iteration gives; whoever publishes the list
    compares it with the one it published last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] = {channel.name: channel for channel in KNOWN}
        self.version = 0

    def after_fork_in_child(self) -> None:
        """Another thread of the parent's may have held the lock."""
        self._lock = threading.Lock()

    def register(self, name: str, emoji: str | None = None, color: str | None = None) -> Channel:
        """Add a channel, or give a known one another ``emoji`` or ``color``.

        A colour is a name of ``COLORS``, or any other CSS colour. What is ``None`` stays as it was. Entries that are
        already held show the new look as well.
        """
        name = _clean(name)
        with self._lock:
            old = self._channels.get(name) or self._made(name)
            channel = Channel(name, emoji or old.emoji, color or old.color)
            if self._channels.get(name) != channel:
                self._channels[name] = channel
                self.version += 1
        return channel

    def get(self, name: str) -> Channel:
        """The channel of that name, made and remembered when it is new."""
        known = self._channels.get(name)
        if known is not None:
            return known
        name = _clean(name)
        with self._lock:
            known = self._channels.get(name)
            if known is None:
                known = self._made(name)
                if len(self._channels) < REGISTRY_LIMIT:
                    self._channels[name] = known
                    self.version += 1
        return known

    @staticmethod
    def _made(name: str) -> Channel:
        return Channel(name, NEUTRAL_EMOJI, PALETTE[zlib.crc32(name.encode()) % len(PALETTE)])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all channels, in order."""
        with self._lock:
            return tuple(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        with self._lock:
            return iter(tuple(self._channels.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    def __len__(self) -> int:
        return len(self._channels)
