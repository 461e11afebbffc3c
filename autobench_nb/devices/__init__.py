"""The devices that a bench operates: watched by a pure machine each, on threads of their own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autobench_nb.devices.devices import Devices

if TYPE_CHECKING:
    from autobench_nb.devices.adapters import OphydDevice, QcodesDevice, VisaDevice
    from autobench_nb.devices.device import Action, Device
    from autobench_nb.devices.host import HostDevice
    from autobench_nb.devices.http_device import HttpAction, HttpDevice
    from autobench_nb.devices.instruments import relay, watts_up
    from autobench_nb.devices.lines import Exchange, LineAction, LineField, LineProtocol
    from autobench_nb.devices.serial_device import SerialDevice

__all__ = [
    "Action",
    "Device",
    "Devices",
    "Exchange",
    "HostDevice",
    "HttpAction",
    "HttpDevice",
    "LineAction",
    "LineField",
    "LineProtocol",
    "OphydDevice",
    "QcodesDevice",
    "SerialDevice",
    "VisaDevice",
    "relay",
    "watts_up",
]

_HOMES = {
    "Action": "device",
    "Device": "device",
    "Exchange": "lines",
    "HostDevice": "host",
    "HttpAction": "http_device",
    "HttpDevice": "http_device",
    "LineAction": "lines",
    "LineField": "lines",
    "LineProtocol": "lines",
    "OphydDevice": "adapters",
    "QcodesDevice": "adapters",
    "SerialDevice": "serial_device",
    "VisaDevice": "adapters",
    "relay": "instruments",
    "watts_up": "instruments",
}


def __getattr__(name: str) -> Any:
    """Drivers are imported when they are first asked for: most benches have few of them."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
