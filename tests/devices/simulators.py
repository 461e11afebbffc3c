"""Instruments at the other end of a real pseudo-terminal, which can be unplugged and come back under another path."""

from __future__ import annotations

import os
import pty
import re
import select
import termios
import threading
import tty
from collections.abc import Callable
from pathlib import Path

Answer = Callable[[str], list[str]]


class Plug:
    """An instrument on a pty; its path stands in a folder as a link, as those of udev do.

    Args:
        link: Where the path of the pty is to be found.
        answer: Gives the lines that the instrument answers a line with.
        end: What ends its lines.
        beat: Lines that it says by itself, about every 20 ms, once it was asked for them.
    """

    def __init__(
        self, link: Path, answer: Answer, end: str, beat: Callable[[], list[str]] | None = None
    ) -> None:
        self.link = link
        self.heard: list[str] = []
        self._answer = answer
        self._end = end
        self._beat = beat
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self._wake = os.pipe()
        link.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Take it away: whoever has the port open loses it."""
        self.link.unlink()
        os.write(self._wake[1], b"x")
        termios.tcflush(
            self._slave, termios.TCIFLUSH
        )  # where nobody reads, it may hang in what it says
        self._thread.join()
        for descriptor in (self._master, self._slave, *self._wake):
            os.close(descriptor)

    def say(self, text: bytes) -> None:
        """Say something that nobody has asked for."""
        os.write(self._master, text)

    def _run(self) -> None:
        held = b""
        while True:
            ready, _, _ = select.select([self._master, self._wake[0]], [], [], 0.02)
            if self._wake[0] in ready:
                return
            if self._master in ready:
                *lines, held = re.split(b"[;\r\n]+", held + os.read(self._master, 4096))
                for line in lines:
                    self.heard.append(line.decode())
                    for said in self._answer(line.decode()):
                        self.say((said + self._end).encode())
            elif self._beat is not None:
                for said in self._beat():
                    self.say((said + self._end).encode())


class MeterModel:
    """A Watts Up? PRO: answers its version, and says a record each beat once logging was asked for."""

    def __init__(self) -> None:
        self.watts = 118.4
        self.logging = False

    def answer(self, line: str) -> list[str]:
        """The lines that it answers."""
        if line.startswith("#V,"):
            return ["#v,-,8,2,WattsUp PRO,1,0,2,1,1,2"]
        if line.startswith("#L,W,3,E"):
            self.logging = True
        return []

    def beat(self) -> list[str]:
        """A record of tenths of watts, tenths of volts and milliamperes."""
        if not self.logging:
            return []
        return [f"#d,-,18,{round(self.watts * 10)},2301,515,0,_,_,_,_,_,_,_,_,_,_,_,_,_,_"]


class RelayModel:
    """A controller of relays; ``stuck``: it refuses to switch."""

    def __init__(self, ports: int = 2) -> None:
        self.states = ["0"] * ports
        self.stuck = False
        self.mute = False

    def answer(self, line: str) -> list[str]:
        """The lines that it answers."""
        if self.mute:
            return []
        if line == "*IDN?":
            return ["ACME RELAY-2 v1"]
        if line == "STAT?":
            return ["STAT " + ",".join(self.states)]
        word, _, number = line.partition(" ")
        if word in ("ON", "OFF"):
            if self.stuck or not number.isdecimal() or not 1 <= int(number) <= len(self.states):
                return [f"ERR no port {number}"]
            self.states[int(number) - 1] = "1" if word == "ON" else "0"
            return ["OK"]
        return ["ERR what?"]
