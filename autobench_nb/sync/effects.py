"""What the hub asks of a transport: effects, and the messages they carry.

The hub decides and never does. Every method of :class:`~autobench_nb.sync.server.hub.Hub` returns a list of effects,
to be carried out in that order, on the same thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

LARGE_MESSAGE_BYTES: Final = 65_536
"""From here on a message is compressed for speed, below it for size."""

_SYNC_TAIL: Final = b"\x00\x00\xff\xff"


def deflate(data: bytes, window_bits: int = zlib.MAX_WBITS) -> bytes:
    """The raw deflate stream of ``data`` as RFC 7692 section 7.2.1 wants it: without the trailing 00 00 ff ff.

    Made with a context of its own, so that it decodes on every connection that negotiated permessage-deflate with a
    window of that many bits or more.
    """
    level = 1 if len(data) >= LARGE_MESSAGE_BYTES else 6
    compressor = zlib.compressobj(level, zlib.DEFLATED, -window_bits)
    deflated = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return deflated.removesuffix(_SYNC_TAIL)


class Outgoing:
    """One message, encoded once for however many sessions it goes to.

    ``data`` is UTF-8 JSON, ``kind`` its ``type`` on the wire. ``log_start`` is set on ``logs.append`` and
    ``logs.history``: a client that was not sent this message has to be served again from that seq on.
    """

    __slots__ = ("_deflated", "data", "kind", "log_start")

    def __init__(self, kind: str, data: bytes, *, log_start: int | None = None) -> None:
        self.kind = kind
        self.data = data
        self.log_start = log_start
        self._deflated: bytes | None = None

    @property
    def deflated(self) -> bytes:
        """:func:`deflate` of ``data``, with the window that a connection has unless it negotiated another one.

        Computed when first asked for (any thread may ask; of a megabyte better not the loop's), then kept.
        """
        deflated = self._deflated
        if deflated is None:
            self._deflated = deflated = deflate(self.data)
        return deflated

    @property
    def is_deflated(self) -> bool:
        """Whether ``deflated`` is there already, so that reading it costs nothing."""
        return self._deflated is not None

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Outgoing({self.kind!r}, {len(self.data)} bytes)"


class Send(Struct, frozen=True):
    """Queue ``message`` for one session."""

    session: int
    message: Outgoing


class Broadcast(Struct, frozen=True):
    """Queue the same ``message`` for each of ``sessions``."""

    sessions: tuple[int, ...]
    message: Outgoing


class Drop(Struct, frozen=True):
    """Discard what is queued for ``session`` and not yet begun, then call ``hub.dropped`` with what was discarded.

    A message of which a byte has left has begun, and is finished.
    """

    session: int


class Close(Struct, frozen=True):
    """Close the link once what is queued has left, with this WebSocket close code (RFC 6455 section 7.4)."""

    session: int
    code: int
    reason: str


class RunCommand(Struct, frozen=True):
    """Run the command ``name``, then call ``hub.answer(session, id, ...)``."""

    session: int
    id: str | int
    name: str
    args: dict[str, Any]


class Compute(Struct, frozen=True):
    """Call ``work()`` off the loop, since it may take long, then ``hub.answer(session, id, value=...)`` with it.

    ``work`` is pure: it reads only what it carries, and may run on any thread.
    """

    session: int
    id: str | int
    work: Callable[[], Any]


Effect = Send | Broadcast | Drop | Close | RunCommand | Compute
