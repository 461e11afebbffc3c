"""Devices on serial lines: found by their handshake, and found again after they were unplugged."""

from __future__ import annotations

import glob
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from autobench_nb.devices.device import Action
from autobench_nb.devices.lines import Exchange, Framing, LineAction, LineProtocol
from autobench_nb.errors import DeviceError

if TYPE_CHECKING:
    import serial

Ports = str | Iterable[str] | Callable[[], Iterable[str]]
"""A path, a pattern such as ``/dev/ttyUSB*``, several of them, or a function that gives paths."""


class SerialDevice:
    """A device that speaks a line protocol over a serial port.

    The port is opened by the first probe, and again by the next one after it was lost: each candidate is opened, asked
    who it is, and kept where it answers as the protocol says. So a device may come back under another path.

    Args:
        name: Its id.
        port: Where it may be, see :data:`Ports`.
        protocol: How it is spoken with.
        type: What it is; the protocol's own word where none is given.

    Raises:
        DeviceError: pyserial is not installed.
    """

    def __init__(
        self, name: str, port: Ports, protocol: LineProtocol, *, type: str | None = None
    ) -> None:
        try:
            import serial  # noqa: F401 - whether it is there is said here, not by the first probe
        except ImportError:
            why = "pyserial is not installed: pip install 'autobench-nb[devices]'"
            raise DeviceError(name, "open", "refused", why) from None
        self.name = name
        self.type = type or protocol.type
        self.units = protocol.units
        self.power = protocol.power
        self.protocol = protocol
        self.port: str | None = None
        self.identity: dict[str, Any] = {}
        self._ports = port
        self._open: serial.Serial | None = None
        self._framing = Framing(protocol.ends)
        self._lines: deque[str] = deque()

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the protocol can have it do."""
        return {
            name: Action(
                partial(self._act, one),
                about=one.about,
                desired=lambda one=one, **args: one.wishes(args),
                args=one.args,
            )
            for name, one in self.protocol.actions.items()
        }

    def probe(self) -> dict[str, Any]:
        """Ask all that the protocol asks.

        Raises:
            DeviceError: No port answers the handshake, or the port was lost.
            ValueError: An answer cannot be read.
            TimeoutError: No answer came.
        """
        port = self._opened()
        observed: dict[str, Any] = {}
        for query in self.protocol.queries:
            observed.update(self._guarded(port, query))
        return observed

    def close(self) -> None:
        """Close the port."""
        port, self._open = self._open, None
        if port is not None:
            port.close()

    def _act(self, action: LineAction, **args: Any) -> Any:
        answer = self._guarded(self._opened(), action.exchange.filled(args))
        return answer or None

    # --- the port

    def _candidates(self) -> list[str]:
        given = self._ports() if callable(self._ports) else self._ports
        several = [given] if isinstance(given, str) else list(given)
        found = [sorted(glob.glob(one)) if glob.has_magic(one) else [one] for one in several]
        return list(dict.fromkeys(path for paths in found for path in paths))

    def _opened(self) -> serial.Serial:
        if self._open is not None:
            return self._open
        tried: list[str] = []
        for path in self._candidates():
            try:
                return self._try(path)
            except (OSError, ValueError) as error:
                tried.append(f"{path}: {_short(error)}")
        where = "; ".join(tried[:4]) or f"no port is there ({self._ports})"
        raise DeviceError(self.name, "open", "failed", where)

    def _try(self, path: str) -> serial.Serial:
        import serial

        port = serial.serial_for_url(path, do_not_open=True)
        port.baudrate = self.protocol.baud
        port.timeout = 0.05
        port.write_timeout = self.protocol.reply_s
        # Two devices that look for themselves among the same ports must not take each other's answers.
        port.exclusive = True
        port.open()
        try:
            port.reset_input_buffer()
            self._framing.forget()
            self._lines.clear()
            if self.protocol.identify is not None:
                self.identity = self._exchange(port, self.protocol.identify)
            for one in self.protocol.start:
                self._exchange(port, one)
        except BaseException:
            # Whatever it is goes to the caller; a port that nobody holds would stay taken for the next try.
            port.close()
            raise
        self._open, self.port = port, path
        return port

    def _guarded(self, port: serial.Serial, exchange: Exchange) -> dict[str, Any]:
        """An exchange; a port that is lost is let go, so that the next probe looks for the device anew."""
        try:
            return self._exchange(port, exchange)
        except TimeoutError:
            # Who is silent may have been replaced by another: it is asked anew who it is.
            self.close()
            raise
        except OSError as error:
            self.close()
            why = f"{self.port} was lost ({_short(error)})"
            raise DeviceError(self.name, "speak", "failed", why) from None

    def _exchange(self, port: serial.Serial, exchange: Exchange) -> dict[str, Any]:
        if exchange.query:
            # What is still there from before is no answer to what is asked now: a second answer, or one that came late.
            for _ in self._framing.feed(port.read(port.in_waiting)):
                pass
            self._lines.clear()
            port.write((exchange.query + self.protocol.end).encode("ascii", "replace"))
        if not exchange.reply:
            return {}
        end = time.monotonic() + self.protocol.reply_s
        passed: deque[str] = deque(maxlen=3)
        while True:
            while self._lines:
                line = self._lines.popleft()
                found = exchange.match(line)
                if found is not None:
                    return found
                passed.append(line)
            if time.monotonic() >= end:
                said = f"; it said {', '.join(map(repr, passed))}" if passed else ""
                asked = f" to {exchange.query!r}" if exchange.query else ""
                raise TimeoutError(f"no answer{asked} within {self.protocol.reply_s:g} s{said}")
            self._lines.extend(self._framing.feed(port.read(max(1, port.in_waiting))))


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
