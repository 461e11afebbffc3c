"""Devices: what the bench operates, as the state's ``devices`` slice knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Final, cast

from autobench_nb.contract.devices import AskedAction, Fate
from autobench_nb.contract.records import JobStatus
from autobench_nb.devices.device import Device, refusal_of
from autobench_nb.devices.energy import EnergyGauge, RunSpan, energy_of
from autobench_nb.devices.events import ActionDropped, Policy, ProbeAsked, WishChanged
from autobench_nb.devices.samples import MAX_SAMPLES, Samples
from autobench_nb.devices.supervisor import Supervisor, Watched
from autobench_nb.devices.telling import LogFunction
from autobench_nb.errors import DeviceError, PathError, SchemaError
from autobench_nb.jobs.ledger import Ledger
from autobench_nb.logs.text import Redact, as_it_is
from autobench_nb.processes.stop import Stop
from autobench_nb.state.pointer import join
from autobench_nb.state.records import RecordWriter, iso_time, no_such
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records_view import RecordsView
from autobench_nb.tables.schema import DEVICES
from autobench_nb.tables.wire_values import wire_value

GRACE_S: Final = 5.0
"""How long after an action's own time-out its fate is waited for: the supervisor is late, or gone."""


class DeviceHandle(dict[str, Any]):
    """The record of one device as it was when it was asked for, and the way to operate the device."""

    def __init__(self, devices: Devices, name: str, record: Mapping[str, Any]) -> None:
        super().__init__(record)
        self._devices = devices
        self._name = name

    def do(self, action: str, *, timeout_s: float | None = None, **args: Any) -> Any:
        """Have the device do something, see :meth:`Devices.do`."""
        return self._devices.do(self._name, action, args, timeout_s=timeout_s)

    def desire(self, **desired: Any) -> None:
        """Say how the device is to be, by quantity; None takes a wish back."""
        self._devices.desire(self._name, desired)

    def probe(self) -> bool:
        """Ask the device now how it is; False where it is not watched."""
        return self._devices.probe(self._name)

    @property
    def samples(self) -> Samples:
        """What was observed of it."""
        return self._devices.samples(self._name)


class Devices(RecordsView, RecordWriter):
    """Devices by id: ``devices.add(HostDevice("host"), every_s=1)``, ``devices["psu0"].do("on", port=1)``.

    A device that nothing can ask is a record alone: ``devices.add("psu0", type="power supply", status="ready")``.

    Args:
        store: The state whose ``devices`` slice it reads and writes.
        log: ``LogRing.append``.
        ledger: What outlives the process.
        redact: Takes secrets out of reasons, and of texts that actions were given.
    """

    def __init__(
        self,
        store: StateStore,
        log: LogFunction | None = None,
        ledger: Ledger | None = None,
        *,
        redact: Redact = as_it_is,
    ) -> None:
        RecordsView.__init__(self, store.get, "/devices", "device", DEVICES)
        RecordWriter.__init__(self, store, "/devices", "device")
        self.supervisor = Supervisor(store, log, ledger=ledger, redact=redact)
        self.gauge = EnergyGauge(self.meter)

    def __getitem__(self, name: str) -> DeviceHandle:
        """The record of a device as it is now, with what operates the device.

        Raises:
            KeyError: There is none of this id; it names some of those that are there.
        """
        return DeviceHandle(self, name, super().__getitem__(name))

    def add(
        self,
        device: str | Device,
        *,
        name: str | None = None,
        type: str | None = None,
        status: str = "unknown",
        every_s: float = 1.0,
        timeout_s: float = 5.0,
        critical: bool = False,
        degraded_after: int = 3,
        backoff_max_s: float = 60.0,
        action_timeout_s: float = 10.0,
        desired: Mapping[str, Any] | None = None,
        needs: Sequence[str] = (),
        power: str | None = None,
        max_samples: int = MAX_SAMPLES,
        **fields: Any,
    ) -> None:
        """Add a device and begin to watch it; or, given an id alone, a record that is written by hand.

        Args:
            device: A :class:`Device`, or the id of a record.
            name: The device's id; its own ``name`` where none is given.
            type: What it is, such as ``"power supply"``; its own ``type`` where none is given.
            status: How it is; of a record that is written by hand.
            every_s: Seconds between two probes.
            timeout_s: Seconds that a probe may take.
            critical: While it is degraded, the queue of jobs is paused; its recovery resumes what it has paused.
            degraded_after: As many probes fail in a row until it is degraded.
            backoff_max_s: Seconds between two probes at most, while they fail.
            action_timeout_s: Seconds that an action may take to be acknowledged.
            desired: How it is to be, by quantity.
            needs: Ids of devices without which it can do nothing: its actions are refused while one is not well.
            power: The quantity in watts that gives jobs an energy; its own ``power`` where none is given.
            max_samples: Samples that are kept.
            fields: Further fields of its record: JSON values.

        Raises:
            StateError: There is one of this id.
            SchemaError: A value cannot stand where it was given for, the device has no name, or it is no device.
            ConfigError: A number is not possible.
        """
        if not isinstance(device, Device):
            self._add_record(device, type or "", status, fields)
            return
        own = _id_of(device, name)
        policy = Policy(
            every_s=every_s,
            timeout_s=timeout_s,
            degraded_after=degraded_after,
            backoff_max_s=backoff_max_s,
            action_timeout_s=action_timeout_s,
            critical=critical,
        )
        fixed = {
            **fields,
            "type": type or getattr(device, "type", None) or device.__class__.__name__,
            "supervised": True,
            "critical": critical,
            "pausing": False,
            "units": dict(getattr(device, "units", None) or {}),
            "everyS": every_s,
            "timeoutS": timeout_s,
            "powerFrom": power or getattr(device, "power", None),
            "needs": list(needs),
        }
        self.supervisor.watch(
            own,
            device,
            policy,
            desired=desired or {},
            needs=tuple(needs),
            power=fixed["powerFrom"],
            max_samples=max_samples,
            write=lambda record: self._add(own, record),
            fixed=fixed,
        )

    def _add_record(self, name: str, kind: str, status: str, fields: dict[str, Any]) -> None:
        if (why := refusal_of(name)) is not None:
            raise SchemaError("/devices", why)
        seen = iso_time(self._clock())
        self._add(name, {"type": kind, "status": status, "lastSeen": seen, **fields})

    def remove(self, name: str) -> None:
        """Take a device away, and close it where it was watched.

        Raises:
            PathError: There is none of this id.
        """
        self.supervisor.unwatch(name)
        super().remove(name)

    # --- what they do

    def do(
        self,
        name: str,
        action: str,
        args: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Any:
        """Have a device do something, and wait until it has acknowledged it.

        Args:
            name: The device's id.
            action: One of its actions.
            args: What the action takes, by name.
            timeout_s: Seconds until nobody waits any longer; the device's own limit where none are given.

        Returns:
            What the device answered, as JSON.

        Raises:
            PathError: There is no such device, or it is a record alone.
            DeviceError: It was refused, has failed, or was not acknowledged in time; the error says which.
        """
        _, future = self.ask(name, action, args or {}, timeout_s)
        return _value_of(name, action, self._wait(name, action, future, timeout_s))

    def ask(
        self, name: str, action: str, args: Mapping[str, Any], timeout_s: float | None = None
    ) -> tuple[str, Future[AskedAction]]:
        """Have a device do something without waiting: the action's id, and a future of the action with its fate.

        Raises:
            PathError: There is no such device, or it is a record alone.
        """
        plain = {str(key): wire_value(value).value for key, value in args.items()}
        asked = self.supervisor.ask(name, action, plain, timeout_s)
        if asked is None:
            raise self._not_watched(name)
        return asked

    def act(
        self,
        device_id: str,
        action: str,
        arguments: Mapping[str, Any],
        *,
        timeout_s: float | None,
        stop: Stop[JobStatus],
    ) -> Mapping[str, float]:
        """Do an action of a recipe's step, and return when it is acknowledged.

        Returns:
            The numbers that the device answered, by name.

        Raises:
            TimeoutError: It was not acknowledged in time.
            PathError: There is no such device.
            DeviceError: It was refused, has failed, or ``stop`` was asked for.
        """
        number, future = self.ask(device_id, action, arguments, timeout_s)
        dropped = ActionDropped(number, "the step was ended")
        unfollow = stop.follow(lambda: self.supervisor.feed(device_id, dropped))
        try:
            asked = self._wait(device_id, action, future, timeout_s)
        finally:
            unfollow()
        if asked["fate"] is Fate.TIMEOUT:
            raise TimeoutError(f"{device_id}: {action}: {asked['reason']}")
        value = _value_of(device_id, action, asked)
        numbers = value if isinstance(value, Mapping) else {action: value}
        return {
            name: float(one)
            for name, one in numbers.items()
            if isinstance(one, int | float) and not isinstance(one, bool)
        }

    def _wait(
        self, name: str, action: str, future: Future[AskedAction], timeout_s: float | None
    ) -> AskedAction:
        if self.supervisor.carries_out:
            why = "this thread carries out what devices want and cannot wait for one"
            raise DeviceError(name, action, Fate.REFUSED, why)
        watched = self.supervisor.get(name)
        own = watched.machine.policy.action_timeout_s if watched is not None else 0.0
        limit = (own if timeout_s is None else timeout_s) + GRACE_S
        try:
            return future.result(limit)
        except (TimeoutError, CancelledError):
            why = f"nothing is known of it after {limit:g} s"
            raise DeviceError(name, action, Fate.TIMEOUT, why) from None

    def desire(self, name: str, desired: Mapping[str, Any]) -> dict[str, Any]:
        """Say how a device is to be, by quantity; None takes a wish back.

        Returns:
            All that is wished for now.

        Raises:
            PathError: There is no such device, or it is a record alone.
        """
        watched = self._watched(name)
        plain = {str(key): wire_value(value).value for key, value in desired.items()}
        self.supervisor.feed(name, WishChanged(plain))
        return dict(watched.machine.desired)

    def probe(self, name: str) -> bool:
        """Ask a device now how it is, without waiting; False where it is being asked already.

        Raises:
            PathError: There is no such device, or it is a record alone.
        """
        watched = self._watched(name)
        if watched.machine.probe_began is not None:
            return False
        self.supervisor.feed(name, ProbeAsked())
        return True

    # --- what was observed

    def samples(self, name: str) -> Samples:
        """The samples of a device: a table.

        Raises:
            PathError: There is no such device, or it is a record alone.
        """
        return self._watched(name).samples

    def meter(self) -> tuple[Samples, str] | None:
        """The samples and the quantity of the first power meter that is watched; None where there is none."""
        for watched in self.supervisor.all():
            if watched.power is not None:
                return watched.samples, watched.power
        return None

    def energy(self, start: float, end: float, others: Iterable[tuple[float, float]] = ()) -> Any:
        """The energy between two times in seconds since 1970, as the power meter saw it.

        Args:
            start: Where it begins.
            end: Where it ends.
            others: The spans of what ran at the same time, which are given their parts of it.

        Returns:
            ``{"energy": joules, "energyShared": 1.0 or 0.0}``; empty where no meter saw at least half of the time.
        """
        meter = self.meter()
        spans = [RunSpan(left, right) for left, right in others]
        return {} if meter is None else energy_of(*meter, start, end, spans)

    def close(self) -> None:
        """Close all devices that are watched; their records stay."""
        self.supervisor.close()

    def _watched(self, name: str) -> Watched:
        watched = self.supervisor.get(name)
        if watched is None:
            raise self._not_watched(name)
        return watched

    def _not_watched(self, name: str) -> PathError:
        place = "/devices" + join((str(name),))
        if name in self:
            return PathError(place, f"{name!r} is a record alone: add() a device that can be asked")
        return PathError(place, no_such("device", name, self._all()))


def _id_of(device: Device, name: str | None) -> str:
    if (why := refusal_of(device)) is not None:
        raise SchemaError("/devices", why)
    own = name if name is not None else getattr(device, "name", None)
    if not isinstance(own, str) or not own:
        raise SchemaError("/devices", f"{device!r:.80} has no name: give name=")
    return own


def _value_of(name: str, action: str, asked: AskedAction) -> Any:
    fate = Fate(asked["fate"])
    if fate is not Fate.DONE:
        raise DeviceError(name, action, fate.value, cast(str, asked["reason"]))
    return asked["value"]
