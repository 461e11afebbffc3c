"""How the notebook's process and the small ones speak: lines of JSON with descriptors, over a socket pair."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from typing import Any, Final

FORGET: Final = 0
"""The byte that says: wait no longer for what is left of the command. Any other byte is a signal for all of it."""
DESCRIPTORS: Final = 8
REQUEST_BYTES: Final = 65_536
"""What is read of a request at once: more would be memory fresh from the system each time."""
FIRST_FREE: Final = 4
"""Descriptors below this are given to programs (see :mod:`autobench_nb.processes.launcher.starter`)."""


def receive(sock: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next request and its descriptors; None when the other side is gone."""
    data = b""
    descriptors: list[int] = []
    while not data.endswith(b"\n"):
        try:
            more, taken, _, _ = socket.recv_fds(sock, REQUEST_BYTES, DESCRIPTORS)
        except ConnectionResetError:  # it died with answers unread
            return None, descriptors
        descriptors += taken
        if not more:
            return None, descriptors
        data += more
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    # Signals that came too late for the last command stand before the request.
    return json.loads(data[data.index(b"{") :]), descriptors


def answer(sock: socket.socket, **message: Any) -> None:
    """Say something to the other side, if it is still there."""
    with contextlib.suppress(OSError):  # it is gone: the next read says so
        sock.sendall(json.dumps(message).encode() + b"\n")


def take_standard_input() -> socket.socket:
    """The socket that is standard input.

    The descriptors 0 to 3 are nothing afterwards, so that no other is ever one of them.
    """
    import fcntl  # what speaks to the launcher imports this module too, and Windows has none

    sock = socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(FIRST_FREE):
        if descriptor != null:
            os.dup2(null, descriptor, inheritable=False)
    return sock


class ChildWatch:
    """A descriptor that is readable after a child has ended. One at a time in a process."""

    def __init__(self) -> None:
        self.wake, self._alarm = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._alarm, False)
        signal.signal(signal.SIGCHLD, _caught)
        signal.set_wakeup_fd(self._alarm, warn_on_full_buffer=False)

    def drain(self) -> None:
        """Take what made it readable."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.wake, 512):
                pass

    def close(self) -> None:
        """Give the descriptors back."""
        signal.set_wakeup_fd(-1)
        os.close(self.wake)
        os.close(self._alarm)


def _caught(*_: object) -> None:
    """Signals are caught so that the wake-up descriptor gets them; it says the rest."""
