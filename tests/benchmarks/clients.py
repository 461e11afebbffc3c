"""A process full of WebSocket clients: reads as fast as it can, counts, and takes the time of marked messages.

Driven by JSON lines on stdin, one answer line each on stdout. Sockets are raw and the loop is epoll's, so that the
clients cost less than the servers that they measure.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any

MARK = b"@@"
"""Before a message's time of sending: ``@@`` and eight bytes, hexadecimal, of nanoseconds of the monotonic clock."""


def mark() -> bytes:
    """The mark to put into a message now."""
    return MARK + b"%016x" % time.monotonic_ns()


def hello(token: str | None = None) -> bytes:
    """A masked ``hello`` message (RFC 6455 section 5.3; the mask is zero, which leaves the bytes as they are)."""
    payload = {"capabilities": []} if token is None else {"capabilities": [], "token": token}
    text = json.dumps({"type": "hello", "payload": payload}).encode()
    assert len(text) < 65_536
    head = (
        bytes((0x81, 0x80 | len(text)))
        if len(text) < 126
        else struct.pack("!BBH", 0x81, 0xFE, len(text))
    )
    return head + b"\0\0\0\0" + text


def request(port: int, *, token: str | None, deflate: bool, path: str = "/ws") -> bytes:
    """The opening handshake."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if deflate:
        lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    return "\r\n".join([*lines, "", ""]).encode()


class Clients:
    """All connections of this process."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._stalled: list[socket.socket] = []
        self._buffer = bytearray(1 << 18)
        self.bytes = 0
        self.latencies: list[int] = []

    def open(
        self,
        port: int,
        count: int,
        *,
        token: str | None = None,
        deflate: bool = False,
        read: bool = True,
        say_hello: bool = False,
    ) -> None:
        """Connect ``count`` clients; those that do not ``read`` never do, and have a small receive buffer."""
        handshake = request(port, token=token, deflate=deflate)
        for begin in range(0, count, 100):
            batch = [self._connect(port, handshake, read) for _ in range(min(100, count - begin))]
            for one in batch:
                answer = b""
                while b"\r\n\r\n" not in answer:
                    piece = one.recv(1024 if read else 1)
                    if not piece:
                        raise ConnectionError(f"the handshake ended early: {answer!r}")
                    answer += piece
                if not answer.startswith(b"HTTP/1.1 101"):
                    raise ConnectionError(f"the handshake was refused: {answer!r}")
                if say_hello:
                    one.sendall(hello())
                if not read:
                    self._stalled.append(one)
                    continue
                one.setblocking(False)
                self._sockets[one.fileno()] = one
                self._epoll.register(one.fileno(), select.EPOLLIN)
            self.turn(0)

    def _connect(self, port: int, handshake: bytes, read: bool) -> socket.socket:
        one = socket.socket()
        if not read:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(handshake)
        return one

    def turn(self, timeout_s: float, stdin: int | None = None) -> bool:
        """Read what has come; true when ``stdin`` has something."""
        asked = False
        buffer = self._buffer
        for fd, _ in self._epoll.poll(timeout_s, 4096):
            if fd == stdin:
                asked = True
                continue
            one = self._sockets[fd]
            try:
                count = one.recv_into(buffer)
            except BlockingIOError:
                continue
            except ConnectionError:
                count = 0
            if not count:
                self._epoll.unregister(fd)
                self._sockets.pop(fd).close()
                continue
            now = time.monotonic_ns()
            self.bytes += count
            place = buffer.find(MARK, 0, count)
            while place >= 0 and place + 18 <= count:
                with suppress(ValueError):  # compressed bytes that look like a mark
                    self.latencies.append(now - int(buffer[place + 2 : place + 18], 16))
                place = buffer.find(MARK, place + 18, count)
        return asked

    def drain(self) -> None:
        """Read until nothing has come for a moment."""
        before = -1
        while self.bytes != before:
            before = self.bytes
            self.turn(0.02)

    def report(self) -> dict[str, Any]:
        """What has come since the last report. Latencies in milliseconds."""
        times = sorted(self.latencies)
        report: dict[str, Any] = {
            "clients": len(self._sockets),
            "bytes": self.bytes,
            "messages": len(times),
        }
        if times:
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
                report[name] = times[min(len(times) - 1, int(len(times) * share))] / 1e6
        self.latencies = []
        self.bytes = 0
        return report

    def close(self) -> None:
        """Close every connection."""
        for one in [*self._sockets.values(), *self._stalled]:
            one.close()
        self._epoll.close()

    def main(self) -> None:
        """Serve stdin: ``{"open": {...}}``, ``{"report": true}``; the end of stdin ends it."""
        stdin = sys.stdin.fileno()
        self._epoll.register(stdin, select.EPOLLIN)
        while True:
            if not self.turn(1.0, stdin):
                continue
            line = sys.stdin.readline()
            if not line:
                break
            order = json.loads(line)
            if "open" in order:
                self.open(**order["open"])
            elif "hold" in order:  # nothing is read until the next order
                print(json.dumps({}), flush=True)
                sys.stdin.readline()
                self.drain()
            print(json.dumps(self.report()), flush=True)
        self.close()


if __name__ == "__main__":
    Clients().main()
