"""What clients may ask of the devices: do something, be otherwise, say how they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autobench_nb.contract.commands import DEVICE_DESIRE, DEVICE_DO, DEVICE_PROBE
from autobench_nb.contract.devices import (
    AskedAction,
    DeviceDesired,
    DeviceDoArgs,
    DeviceDone,
    DeviceProbed,
    Fate,
)
from autobench_nb.devices.devices import Devices
from autobench_nb.errors import CommandError
from autobench_nb.lazy import LazyModule

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

Handlers = dict[str, Callable[[Mapping[str, Any]], Any]]

CODES = {Fate.REFUSED: "conflict", Fate.CANCELLED: "conflict"}


def device_commands(devices: Devices) -> Handlers:
    """Handlers of the devices' commands."""

    def do(args: Mapping[str, Any]) -> Any:
        asked = DEVICE_DO.read(args)
        _, future = devices.ask(asked.device_id, asked.action, asked.args, asked.timeout_s)
        if future.done():
            return _done(asked, future.result())
        return _when_done(asked, asyncio.wrap_future(future))

    def desire(args: Mapping[str, Any]) -> DeviceDesired:
        asked = DEVICE_DESIRE.read(args)
        return {"desired": devices.desire(asked.device_id, asked.desired)}

    def probe(args: Mapping[str, Any]) -> DeviceProbed:
        return {"probing": devices.probe(DEVICE_PROBE.read(args).device_id)}

    return {DEVICE_DO.name: do, DEVICE_DESIRE.name: desire, DEVICE_PROBE.name: probe}


async def _when_done(asked: DeviceDoArgs, future: asyncio.Future[AskedAction]) -> DeviceDone:
    return _done(asked, await future)


def _done(asked: DeviceDoArgs, action: AskedAction) -> DeviceDone:
    fate = Fate(action["fate"])
    if fate is not Fate.DONE:
        what = f"{asked.device_id}: {asked.action} {fate.value}: {action['reason']}."
        raise CommandError(CODES.get(fate, "failed"), what)
    return {
        "deviceId": asked.device_id,
        "actionId": action["id"],
        "fate": fate,
        "reason": action["reason"],
        "value": action["value"],
        "tookMs": action["tookMs"],
    }
