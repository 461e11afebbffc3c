"""Messages as they leave: built once, in each form that some socket has negotiated.

A server's message (RFC 6455 section 5.2: unmasked, one header) is the same bytes for all who negotiated the same.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from autobench_nb.sync.effects import Outgoing, deflate

PLAIN: Final = 0
"""Not a number of window bits: the message goes uncompressed."""
FULL_WINDOW: Final = zlib.MAX_WBITS
SMALL_MESSAGE_BYTES: Final = 64
"""Below this, compression makes a message longer."""
OFF_LOOP_BYTES: Final = 262_144
"""From here on a message is compressed on another thread."""
TOGETHER_BYTES: Final = 65_536
"""Up to here messages are copied into one piece, which costs less than a call of the kernel's for each."""

CLOSE: Final = 0x8
PING: Final = 0x9
"""Opcodes of control messages (RFC 6455 section 5.5)."""

_FORMS: Final = FULL_WINDOW + 1
_FINAL_TEXT: Final = 0x81
_COMPRESSED: Final = 0x40

OffLoop = Callable[[Callable[[], Any]], "asyncio.Future[Any]"]


def message_bytes(payload: bytes, *, compressed: bool) -> bytes:
    """``payload`` as one WebSocket message from a server: FIN, text, RSV1 where compressed (RFC 7692 section 6)."""
    first = _FINAL_TEXT | _COMPRESSED if compressed else _FINAL_TEXT
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def control_bytes(opcode: int, payload: bytes) -> bytes:
    """A close, ping or pong from a server; its payload has at most 125 bytes (RFC 6455 section 5.5)."""
    return bytes((0x80 | opcode, len(payload))) + payload


class Wire:
    """One message as it leaves, in each form built at most once: plain, and per negotiated window.

    ``forms[bits]`` is ready, or ``None``; :meth:`build` makes it. ``bits`` is ``PLAIN`` or 9 to 15 (RFC 7692 section
    7.1.2.1). :meth:`is_heavy` says that building takes so long that it should happen off the loop.
    """

    __slots__ = ("_building", "forms", "message")

    def __init__(self, message: Outgoing) -> None:
        self.message = message
        self.forms: list[bytes | None] = [None] * _FORMS
        self._building: dict[int, asyncio.Future[Any]] = {}

    def build(self, bits: int) -> bytes:
        """The bytes for a connection that negotiated ``bits``. Any thread may call it."""
        form = self.forms[bits]
        if form is None:
            form = self.forms[bits] = self._build(bits)
        return form

    def _build(self, bits: int) -> bytes:
        data = self.message.data
        if bits == PLAIN or len(data) < SMALL_MESSAGE_BYTES:
            return message_bytes(data, compressed=False)
        if bits == FULL_WINDOW:
            return message_bytes(self.message.deflated, compressed=True)
        return message_bytes(deflate(data, bits), compressed=True)

    def is_heavy(self, bits: int) -> bool:
        """Whether :meth:`build` would hold up the loop."""
        if bits == PLAIN or self.forms[bits] is not None or len(self.message.data) < OFF_LOOP_BYTES:
            return False
        return not (bits == FULL_WINDOW and self.message.is_deflated)

    def build_off_loop(
        self, bits: int, off_loop: OffLoop, then: Callable[[asyncio.Future[Any]], None]
    ) -> None:
        """Build on another thread, once for however many sockets ask, then call ``then`` on the loop."""
        future = self._building.get(bits)
        if future is None:
            future = self._building[bits] = off_loop(lambda: self.build(bits))
        future.add_done_callback(then)


class Bundle:
    """Messages that the same sockets are sent in this order, so that all of them cost one call of the kernel's.

    A flush has a patch and a log batch: two messages for nearly everyone.
    """

    __slots__ = ("forms", "wires")

    def __init__(self, wires: Sequence[Wire]) -> None:
        self.wires = wires
        self.forms: list[bytes | None] = wires[0].forms if len(wires) == 1 else [None] * _FORMS

    def build(self, bits: int) -> bytes | None:
        """All of them as one piece; ``None`` where they should rather go one by one."""
        wires = self.wires
        if any(wire.is_heavy(bits) for wire in wires):
            return None
        if len(wires) == 1:
            return wires[0].build(bits)
        if sum(len(wire.message) for wire in wires) > TOGETHER_BYTES:
            return None
        form = self.forms[bits] = b"".join([wire.build(bits) for wire in wires])
        return form
