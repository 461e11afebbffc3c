"""The machine of one supervised device: events in, effects out. It knows no thread, no clock, no device.

A device does one thing at a time: a probe, or an action. Both may fail to come back. Then their time-out is told, the
device counts as busy until they do come back, and nothing else is begun with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from autobench_nb.contract.devices import AskedAction, DeviceHealth, Fate
from autobench_nb.devices.events import (
    ActionAcknowledged,
    ActionAsked,
    ActionDropped,
    ActionFailed,
    CloseDevice,
    DeviceEffect,
    DeviceEvent,
    DeviceRemoved,
    Policy,
    ProbeAnswered,
    ProbeAsked,
    ProbeFailed,
    SettleAction,
    StartAction,
    StartProbe,
    TakeSample,
    TellHealth,
    TimePassed,
    WishChanged,
)

KEPT_ACTIONS: Final = 8
"""Settled actions that a record shows."""


@dataclass(slots=True)
class Asked:
    """An action that was asked for. Instants in seconds, of the machine's own ``now``."""

    id: str
    action: str
    args: Mapping[str, Any]
    asked_at: float
    deadline: float
    fate: Fate = Fate.WAITING
    reason: str | None = None
    value: Any = None
    started_at: float | None = None
    ended_at: float | None = None
    told: Mapping[str, Any] | None = None

    def record(self, offset: float) -> AskedAction:
        """The action as the state has it; ``offset``: seconds from the machine's clock to those since 1970."""
        ended = self.ended_at

        def instant(seconds: float) -> float:
            return round((seconds + offset) * 1e3, 1)

        return {
            "id": self.id,
            "action": self.action,
            "args": dict(self.args if self.told is None else self.told),
            "fate": self.fate,
            "reason": self.reason,
            "value": self.value,
            "askedAt": instant(self.asked_at),
            "startedAt": None if self.started_at is None else instant(self.started_at),
            "endedAt": None if ended is None else instant(ended),
            "tookMs": None if ended is None else round((ended - self.asked_at) * 1e3, 1),
        }


@dataclass(frozen=True, slots=True)
class Settled:
    """An action whose fate is known."""

    record: AskedAction


@dataclass(slots=True)
class DeviceMachine:
    """One device. Every method that takes ``now`` takes seconds of one clock that does not go back.

    Args:
        policy: How it is watched.
    """

    policy: Policy
    health: DeviceHealth = DeviceHealth.UNKNOWN
    observed: Mapping[str, Any] | None = None
    was: Mapping[str, Any] | None = None
    desired: dict[str, Any] = field(default_factory=dict)
    last_seen: float | None = None
    failures: int = 0
    error: str | None = None
    next_probe: float = float("-inf")
    settled: deque[Asked] = field(default_factory=lambda: deque(maxlen=KEPT_ACTIONS))
    waiting: deque[Asked] = field(default_factory=deque)
    doing: Asked | None = None
    probe_began: float | None = None
    late: bool = False
    _acted: bool = False
    _ended: dict[str, Asked] = field(default_factory=dict)
    _effects: list[DeviceEffect] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        """Whether a probe or an action has been begun, and has not come back."""
        return self.doing is not None or self.probe_began is not None

    @property
    def is_closed(self) -> bool:
        """Whether it is no longer watched."""
        return self.health is DeviceHealth.CLOSED

    @property
    def differs(self) -> list[str]:
        """Quantities that are observed, and not as they are desired."""
        seen = self.observed or {}
        return [name for name, wish in self.desired.items() if name in seen and seen[name] != wish]

    def asked(self) -> list[Asked]:
        """The settled actions that are still known, the one under way, and those that wait."""
        current = [self.doing] if self.doing is not None and self.doing.ended_at is None else []
        return [*self.settled, *current, *self.waiting]

    def asked_record(self, name: str, offset: float) -> Settled:
        """An action that the last event has settled, as the state has it."""
        return Settled(self._ended[name].record(offset))

    def next_deadline(self) -> float | None:
        """When :class:`TimePassed` is due; None while nothing is waited for."""
        if self.is_closed:
            return None
        due = [one.deadline for one in self.waiting]
        if self.doing is not None and not self.late:
            due.append(self.doing.deadline)
        if self.probe_began is not None and not self.late:
            due.append(self.probe_began + self.policy.timeout_s)
        if not self.is_busy or (self.late and self.probe_began is not None):
            due.append(self.next_probe)
        if self.observed is not None and self.last_seen is not None:
            due.append(self.last_seen + self.policy.stale_s)
        return min(due, default=None)

    def handle(self, event: DeviceEvent, now: float) -> list[DeviceEffect]:
        """Take one event.

        Returns:
            What is to be done, in this order.
        """
        self._effects, self._ended = [], {}
        if not self.is_closed:
            self._take(event, now)
            if not self.is_closed:
                self._time_out(now)
                self._begin(now)
        elif isinstance(event, ActionAsked):
            self._refuse(event, "the device is no longer watched", now)
        return self._effects

    def _take(self, event: DeviceEvent, now: float) -> None:
        match event:
            case ProbeAsked():
                self.next_probe = min(self.next_probe, now)
            case ProbeAnswered(observed):
                self._probe_answered(observed, now)
            case ProbeFailed(reason):
                self._probe_came_back(reason, now)
            case ActionAsked():
                self._asked(event, now)
            case ActionAcknowledged(value, desired):
                self._action_came_back(Fate.DONE, None, value, now)
                self._wish(desired)
                self.next_probe = min(self.next_probe, now)
            case ActionFailed(reason):
                self._action_came_back(Fate.FAILED, reason, None, now)
            case ActionDropped(name, reason):
                self._dropped(name, reason, now)
            case WishChanged(desired):
                self._wish(desired)
            case DeviceRemoved(reason):
                self._close(reason, now)
            case TimePassed():
                pass

    # --- probes

    def _probe_answered(self, observed: Mapping[str, Any], now: float) -> None:
        if self.probe_began is None:
            return
        began, late = self.probe_began, self.late
        self.probe_began, self.late = None, False
        if late:
            # What it saw is old, but it lives: it is asked again at once.
            self.next_probe = now
            return
        self.failures, self.error = 0, None
        self.observed = self.was = observed
        self.last_seen = now
        self.next_probe = max(now, began + self.policy.every_s)
        self._tell(DeviceHealth.OK, None)
        self._effects.append(TakeSample(observed))

    def _probe_came_back(self, reason: str, now: float) -> None:
        if self.probe_began is None:
            return
        late = self.late
        self.probe_began, self.late = None, False
        if not late:
            self._failed(reason, now)

    def _failed(self, reason: str, now: float) -> None:
        self.failures += 1
        self.error = reason
        self.observed = None
        self.next_probe = now + self.policy.pause_s(self.failures)
        few = self.failures < self.policy.degraded_after
        # Who is degraded stays so until a probe is answered.
        if few and self.health is not DeviceHealth.DEGRADED:
            self._tell(DeviceHealth.UNKNOWN, reason)
        else:
            self._tell(DeviceHealth.DEGRADED, reason)

    def _tell(self, health: DeviceHealth, reason: str | None) -> None:
        if health is not self.health:
            self.health = health
            self._effects.append(TellHealth(health, reason))

    # --- actions

    def _asked(self, event: ActionAsked, now: float) -> None:
        if event.refusal is not None:
            self._refuse(event, event.refusal, now)
        elif len(self.waiting) >= self.policy.max_waiting:
            self._refuse(event, f"{len(self.waiting)} actions wait already", now)
        else:
            limit = self.policy.action_timeout_s if event.timeout_s is None else event.timeout_s
            asked = Asked(event.id, event.action, event.args, now, now + limit, told=event.told)
            self.waiting.append(asked)

    def _refuse(self, event: ActionAsked, reason: str, now: float) -> None:
        one = Asked(event.id, event.action, event.args, now, now, told=event.told)
        self._settle(one, Fate.REFUSED, reason, None, now)

    def _settle(self, one: Asked, fate: Fate, reason: str | None, value: Any, now: float) -> None:
        one.fate, one.reason, one.value, one.ended_at = fate, reason, value, now
        self.settled.append(one)
        self._ended[one.id] = one
        self._effects.append(SettleAction(one.id))

    def _action_came_back(self, fate: Fate, reason: str | None, value: Any, now: float) -> None:
        one = self.doing
        if one is None:
            return
        late = self.late
        self.doing, self.late = None, False
        if one.ended_at is None:
            self._settle(one, fate, reason, value, now)
        elif late and one.fate is Fate.TIMEOUT:
            after = now - one.asked_at
            end = "was acknowledged" if fate is Fate.DONE else f"failed ({reason})"
            one.reason = f"{one.reason}; it {end} after {after:.3g} s"
            self.next_probe = min(self.next_probe, now)

    def _dropped(self, name: str, reason: str, now: float) -> None:
        for one in self.waiting:
            if one.id == name:
                self.waiting.remove(one)
                self._settle(one, Fate.CANCELLED, reason, None, now)
                return
        if self.doing is not None and self.doing.id == name and self.doing.ended_at is None:
            self.late = True
            self._settle(self.doing, Fate.CANCELLED, f"{reason}; it had begun", None, now)

    def _wish(self, desired: Mapping[str, Any]) -> None:
        for name, wish in desired.items():
            if wish is None:
                self.desired.pop(name, None)
            else:
                self.desired[name] = wish

    # --- time

    def _time_out(self, now: float) -> None:
        for one in [one for one in self.waiting if one.deadline <= now]:
            self.waiting.remove(one)
            busy = "the device was busy" if self.is_busy else "its turn had not come"
            after = f"{now - one.asked_at:.3g} s"
            self._settle(one, Fate.TIMEOUT, f"not begun within {after}: {busy}", None, now)
        doing = self.doing
        if doing is not None and not self.late and doing.deadline <= now:
            self.late = True
            after = f"{now - doing.asked_at:.3g} s"
            why = f"no acknowledgement within {after}; it may be done all the same"
            self._settle(doing, Fate.TIMEOUT, why, None, now)
        self._time_out_probe(now)
        seen = self.last_seen
        if self.observed is not None and seen is not None and seen + self.policy.stale_s <= now:
            self.observed = None
            what = f"busy with {doing.action}" if doing is not None else "not asked"
            self.error = f"{what} for {now - seen:.3g} s, so it is not known how it is"
            self._tell(DeviceHealth.UNKNOWN, self.error)

    def _time_out_probe(self, now: float) -> None:
        began = self.probe_began
        if began is None:
            return
        if not self.late:
            if began + self.policy.timeout_s <= now:
                self.late = True
                self._failed(f"no answer within {self.policy.timeout_s:g} s", now)
        elif self.next_probe <= now:
            self._failed(f"a probe has not come back for {now - began:.3g} s", now)

    def _begin(self, now: float) -> None:
        if self.is_busy:
            return
        # Probes and actions take turns, so that neither can keep the other from its due.
        due = self.next_probe <= now
        if self.waiting and not (due and self._acted):
            self._acted = True
            one = self.waiting.popleft()
            one.fate, one.started_at = Fate.RUNNING, now
            self.doing = one
            self._effects.append(StartAction(one.id, one.action, one.args))
        elif due:
            self._acted = False
            self.probe_began = now
            self._effects.append(StartProbe())

    def _close(self, reason: str, now: float) -> None:
        for one in self.waiting:
            self._settle(one, Fate.CANCELLED, reason, None, now)
        self.waiting.clear()
        if self.doing is not None and self.doing.ended_at is None:
            self._settle(self.doing, Fate.CANCELLED, f"{reason}; it had begun", None, now)
        self.observed = None
        self.error = reason
        self._tell(DeviceHealth.CLOSED, reason)
        self._effects.append(CloseDevice())
