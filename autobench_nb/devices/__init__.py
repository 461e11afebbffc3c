"""The devices that a bench operates."""

from __future__ import annotations

from autobench_nb.devices.devices import Devices

__all__ = ["Devices"]
