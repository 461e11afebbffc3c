"""The supervisor: feeds each device's machine, and carries out what it wants, with a thread for each device."""

from __future__ import annotations

import atexit
import itertools
import random
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from autobench_nb import forks
from autobench_nb.contract.devices import AskedAction, DeviceHealth
from autobench_nb.devices.decimate import Decimator
from autobench_nb.devices.device import Action, Device, action_of
from autobench_nb.devices.events import (
    ActionAsked,
    CloseDevice,
    DeviceEvent,
    DeviceRemoved,
    Policy,
    SettleAction,
    StartAction,
    StartProbe,
    TakeSample,
    TellHealth,
    TimePassed,
)
from autobench_nb.devices.machine import DeviceMachine, Settled
from autobench_nb.devices.record import DeviceRecordWriter
from autobench_nb.devices.samples import Samples
from autobench_nb.devices.telling import DeviceTeller, LogFunction
from autobench_nb.devices.worker import DeviceWorker, told_args
from autobench_nb.jobs.ledger import Ledger
from autobench_nb.lifetime import Closable
from autobench_nb.logs.text import Redact, as_it_is
from autobench_nb.state.store import StateStore
from autobench_nb.tables.wire_values import wire_value

CLOSE_PATIENCE_S: Final = 2.0
"""How long a device that is busy is waited for, before it is closed beside what it does."""

LEVELS_OF_HEALTH: Final = {
    DeviceHealth.OK: "info",
    DeviceHealth.UNKNOWN: "warn",
    DeviceHealth.DEGRADED: "error",
    DeviceHealth.CLOSED: "info",
}

Act: TypeAlias = (
    StartProbe | StartAction | Settled | TakeSample | TellHealth | CloseDevice | dict[str, Any]
)
"""What is to be done: an effect, or the fields of a record that are to be written."""


class QueueGate(Protocol):
    """The queue of jobs, as far as the panic policy touches it."""

    def pause(self, reason: str) -> object:
        """Start nothing more."""

    def resume(self, reason: str) -> object:
        """Take back the pause of that reason."""


@dataclass(slots=True)
class Watched:
    """A device with all that belongs to it."""

    name: str
    device: Device
    machine: DeviceMachine
    record: DeviceRecordWriter
    samples: Samples
    worker: DeviceWorker
    needs: tuple[str, ...]
    power: str | None
    kept: Decimator | None
    pausing: str | None = None


class Supervisor(Closable):
    """Watches devices, each with a thread of its own. Thread-safe.

    Args:
        store: The state whose ``devices`` slice it writes.
        log: ``LogRing.append``.
        gate: The queue that a critical device pauses.
        ledger: What outlives the process.
        redact: Takes secrets out of reasons, and of texts that actions were given.
    """

    def __init__(
        self,
        store: StateStore,
        log: LogFunction | None = None,
        gate: QueueGate | None = None,
        ledger: Ledger | None = None,
        redact: Redact = as_it_is,
    ) -> None:
        self._redact = redact
        self._store = store
        self._teller = DeviceTeller(log, ledger)
        self.gate = gate
        self.ledger = ledger
        # Held only while a machine takes an event: no lock is taken, and nothing is done, under it.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # What the machines want, in the order of the events; done by whoever has the turn. Nobody waits for the turn:
        # who does not get it leaves its effects to the one who has it, and may hold any lock meanwhile.
        self._acts: deque[tuple[Watched, Act, float]] = deque()
        self._turn = threading.Lock()
        self._turn_of: int | None = None
        self._watched: dict[str, Watched] = {}
        self._asked: dict[str, Future[AskedAction]] = {}
        self._thread: threading.Thread | None = None
        self._offset = time.time() - time.monotonic()
        self._life = secrets.token_hex(3)
        self._numbers = itertools.count(1)
        self._closed = False

    # --- devices come and go

    def watch(
        self,
        name: str,
        device: Device,
        policy: Policy,
        *,
        desired: Mapping[str, Any],
        needs: tuple[str, ...],
        power: str | None,
        max_samples: int,
        write: Callable[[dict[str, Any]], None],
        fixed: Mapping[str, Any],
    ) -> None:
        """Begin to watch a device; ``write`` puts its first record into the state, and may refuse it."""
        actions = {key: action_of(made).spec() for key, made in device.actions.items()}
        machine = DeviceMachine(replace(policy, chance=random.random))
        machine.desired.update({key: wire_value(wish).value for key, wish in desired.items()})
        record = DeviceRecordWriter(self._store, name, machine, fixed, actions)
        with self._lock:
            first = record.first(self._offset)
        write(first)
        worker = DeviceWorker(name, device, lambda event: self.feed(name, event), self._redact)
        samples = Samples(name, max_samples, fixed.get("units", {}))
        every_s = None if self.ledger is None else self.ledger.samples_every_s
        kept = None if every_s is None else Decimator(every_s)
        one = Watched(name, device, machine, record, samples, worker, needs, power, kept)
        with self._lock:
            self._watched[name] = one
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="autobench-devices", daemon=True
                )
                self._thread.start()
                _open.add(self)
                forks.register(self)
        self.feed(name, TimePassed())

    def get(self, name: str) -> Watched | None:
        """A device that is watched."""
        return self._watched.get(name)

    def all(self) -> tuple[Watched, ...]:
        """All devices that are watched, in the order in which they came."""
        with self._lock:
            return tuple(self._watched.values())

    def unwatch(self, name: str, reason: str = "removed") -> bool:
        """Close a device and forget it; False where it is not watched."""
        with self._lock:
            one = self._watched.pop(name, None)
            if one is None:
                return False
            self._take(one, DeviceRemoved(reason))
        self._carry_on()
        one.worker.close(CLOSE_PATIENCE_S)
        return True

    # --- what happens to them

    def feed(self, name: str, event: DeviceEvent) -> None:
        """Hand an event to a device's machine, and carry out what follows; nothing where it is gone."""
        with self._lock:
            one = self._watched.get(name)
            if one is None:
                return
            self._take(one, event)
            self._changed.notify()
        self._carry_on()

    def ask(
        self, name: str, action: str, args: Mapping[str, Any], timeout_s: float | None
    ) -> tuple[str, Future[AskedAction]] | None:
        """Have a device do something.

        Returns:
            The action's id, and a future that has the action with its fate; None where there is no such device.
        """
        future: Future[AskedAction] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            one = self._watched.get(name)
            if one is None:
                return None
            number = f"{name}-{self._life}-{next(self._numbers)}"
            self._asked[number] = future
            refusal = self._refusal(one, action, args)
            told = told_args(args, self._redact)
            self._take(one, ActionAsked(number, action, args, timeout_s, refusal, told))
            self._changed.notify()
        self._carry_on()
        return number, future

    @property
    def carries_out(self) -> bool:
        """Whether the calling thread is carrying out what machines want: then it cannot wait for a device."""
        return self._turn_of == threading.get_ident()

    def _take(self, one: Watched, event: DeviceEvent) -> None:
        """Feed a machine; the lock is held."""
        now = self._now()
        acts: list[Act] = [
            one.machine.asked_record(effect.id, self._offset)
            if isinstance(effect, SettleAction)
            else effect
            for effect in one.machine.handle(event, now)
        ]
        acts.append(one.record.fields(self._offset))
        self._acts.extend((one, act, now) for act in acts)

    def _carry_on(self) -> None:
        """Carry out what waits, unless somebody else does."""
        while self._acts and self._turn.acquire(blocking=False):
            self._turn_of = threading.get_ident()
            try:
                while self._acts:
                    one, act, now = self._acts.popleft()
                    try:
                        self._carry_out(one, act, now)
                    except Exception as error:  # noqa: BLE001 - what is refused of one device ends the watch of none
                        self._teller.complain(one.name, error)
            finally:
                self._turn_of = None
                self._turn.release()

    def _refusal(self, one: Watched, action: str, args: Mapping[str, Any]) -> str | None:
        made: Mapping[str, Any] = one.device.actions
        if action not in made:
            known = ", ".join(made) or "none"
            return f"there is no action {action!r}; there are: {known}"
        for needed in one.needs:
            other = self._watched.get(needed)
            health = None if other is None else other.machine.health
            if health is not DeviceHealth.OK:
                return f"it needs {needed}, which is {health.value if health else 'not there'}"
        known_action: Action = action_of(made[action])
        return known_action.refusal(args)

    def _carry_out(self, one: Watched, act: Act, now: float) -> None:
        match act:
            case StartProbe():
                one.worker.probe()
            case StartAction(_, action, args):
                one.worker.act(action, args)
            case Settled(record):
                self._settle(one, record)
            case TakeSample(observed):
                one.samples.add(now + self._offset, observed)
                one.record.sample(now, self._offset, observed)
                if one.kept is not None:
                    self._teller.keep_samples(one.name, one.kept.add(now + self._offset, observed))
            case TellHealth(health, reason):
                self._tell(one, health, reason)
            case CloseDevice():
                # The worker itself is closed by who removes the device: a device may take its time.
                if one.kept is not None:
                    self._teller.keep_samples(one.name, one.kept.end())
                self._lift(one, "it is watched no longer")
            case dict():
                one.record.tell(now, act)

    def _settle(self, one: Watched, record: AskedAction) -> None:
        try:
            self._tell_settled(one, record)
        finally:
            future = self._asked.pop(record["id"], None)
            if future is not None:
                future.set_result(record)

    def _tell_settled(self, one: Watched, record: AskedAction) -> None:
        self._teller.keep(one.name, self._now() + self._offset, "action", dict(record))
        fate, reason = record["fate"].value, record["reason"]
        words = f"{one.name}: {record['action']} {fate}"
        words += f": {reason}" if reason else f" in {record['tookMs']:g} ms"
        self._teller.say(one.name, "info" if fate == "done" else "warn", words)

    def _tell(self, one: Watched, health: DeviceHealth, reason: str | None) -> None:
        detail = {"status": health.value, "reason": reason, "failures": one.machine.failures}
        self._teller.keep(one.name, self._now() + self._offset, "status", detail)
        words = f"{one.name}: {health.value}" + (f": {reason}" if reason else "")
        self._teller.say(one.name, LEVELS_OF_HEALTH[health], words)
        if health is DeviceHealth.DEGRADED and one.machine.policy.critical:
            self._panic(one, reason)
        elif health is DeviceHealth.OK:
            self._lift(one, "it is well again")

    def _panic(self, one: Watched, reason: str | None) -> None:
        if self.gate is None or one.pausing is not None:
            return
        one.pausing = f"{one.name} degraded"
        self.gate.pause(one.pausing)
        one.record.mark("pausing", True)
        self._teller.say(
            one.name, "error", f"{one.name} is critical: the queue is paused ({reason})"
        )

    def _lift(self, one: Watched, why: str) -> None:
        if self.gate is None or one.pausing is None:
            return
        reason, one.pausing = one.pausing, None
        self.gate.resume(reason)
        one.record.mark("pausing", False)
        self._teller.say(one.name, "info", f"{one.name}: {why}, so its pause of the queue ends")

    # --- time

    def _now(self) -> float:
        now = time.monotonic()
        offset = time.time() - now
        # The offset stays as it is while the two clocks agree, so that instants do not waver.
        if abs(offset - self._offset) > 0.01:
            self._offset = offset
        return now

    def _run(self) -> None:
        while (late := self._wait()) is not None:
            for name in late:
                self.feed(name, TimePassed())

    def _wait(self) -> list[str] | None:
        """Wait until time matters to some devices: their names; None at the end."""
        with self._lock:
            while not self._closed:
                now = self._now()
                due = {
                    one.name: deadline
                    for one in self._watched.values()
                    if (deadline := one.machine.next_deadline()) is not None
                }
                late = [name for name, deadline in due.items() if deadline <= now]
                if late:
                    return late
                self._changed.wait(min(due.values()) - now if due else None)
            return None

    # --- its end

    def close(self) -> None:
        """Close all devices."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        for one in self.all():
            self.unwatch(one.name, "the orchestrator was closed")
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_PATIENCE_S)
        _open.discard(self)

    def after_fork_in_child(self) -> None:
        """Threads and devices are the parent's: nothing is probed, done or closed here."""
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._turn = threading.Lock()
        self._acts = deque()
        self._watched = {}
        self._asked = {}
        self._closed = True
        _open.discard(self)


_open: weakref.WeakSet[Supervisor] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for supervisor in tuple(_open):
        supervisor.close()
