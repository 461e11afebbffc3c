"""Line protocols of instruments: the Watts Up? PRO power meter, and a controller of relays that switch power."""

from __future__ import annotations

from typing import Final

from autobench_nb.devices.lines import Exchange, LineAction, LineField, LineProtocol
from autobench_nb.devices.serial_device import Ports, SerialDevice

WATTS_UP: Final = LineProtocol(
    type="power meter",
    baud=115_200,
    end="",
    ends=b";\r\n",
    identify=Exchange("#V,R,0;", r"#v,-,\d+,(?P<model>[^,;]*).*", {"model": LineField(scale=None)}),
    # External logging, a record each second: it speaks by itself from then on.
    start=(Exchange("#L,W,3,E,,1;"),),
    queries=(
        Exchange(
            "",
            r"#d,-,\d+,(?P<watts>-?\d+),(?P<volts>\d+),(?P<amperes>\d+)(?:,.*)?",
            {
                "watts": LineField("W", 0.1),
                "volts": LineField("V", 0.1),
                "amperes": LineField("A", 0.001),
            },
        ),
    ),
    actions={"restart": LineAction(Exchange("#L,W,3,E,,1;"), "Have it begin to sample anew.")},
    power="watts",
    reply_s=2.5,
)
"""A Watts Up? PRO: ``#d`` records of tenths of watts, tenths of volts and milliamperes, once a second."""


def relay_protocol(ports: int = 8) -> LineProtocol:
    """A controller of relays that is spoken with in words.

    ``*IDN?`` answers who it is, ``STAT?`` the states of all ports as zeros and ones, ``ON n`` and ``OFF n`` switch one
    and answer ``OK``; ``ERR`` with a reason refuses.

    Args:
        ports: How many relays it has; they are numbered from 1 and observed as ``port1``, ``port2`` and so on.
    """
    states = ",?".join(f"(?P<port{number}>[01])" for number in range(1, ports + 1))
    words = LineField(words={"0": "off", "1": "on"})
    refused = r"ERR.*"
    return LineProtocol(
        type="power controller",
        baud=9_600,
        identify=Exchange(
            "*IDN?", r"(?P<model>.*RELAY.*)", {"model": LineField(scale=None)}, refused
        ),
        queries=(
            Exchange(
                "STAT?",
                rf"STAT {states}",
                {f"port{number}": words for number in range(1, ports + 1)},
                refused,
            ),
        ),
        actions={
            name: LineAction(
                Exchange(f"{name.upper()} {{port}}", r"OK", error=refused),
                f"Switch a port {name}.",
                {"port{port}": name},
            )
            for name in ("on", "off")
        },
    )


def watts_up(name: str, port: Ports = "/dev/ttyUSB*") -> SerialDevice:
    """A Watts Up? PRO power meter: watts, volts and amperes once a second; ``every_s=1`` suits it."""
    return SerialDevice(name, port, WATTS_UP)


def relay(name: str, port: Ports = "/dev/ttyACM*", ports: int = 8) -> SerialDevice:
    """A power controller with ``ports`` relays: actions ``on`` and ``off`` take ``port``, from 1."""
    return SerialDevice(name, port, relay_protocol(ports))
