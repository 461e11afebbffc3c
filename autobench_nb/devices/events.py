"""What happens to a supervised device, and what its machine wants done: plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from autobench_nb.contract.devices import DeviceHealth
from autobench_nb.errors import ConfigError


def _half() -> float:
    return 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a device is watched.

    Attributes:
        every_s: Seconds between the starts of two probes, while all is well.
        timeout_s: Seconds that a probe may take.
        degraded_after: As many probes in a row fail until the device is degraded.
        backoff_max_s: Seconds that lie between two probes at most while they fail.
        jitter: Share of that time, 0 to 1, by which chance makes it shorter or longer.
        action_timeout_s: Seconds from asking for an action to its acknowledgement, where none are given.
        max_waiting: Actions that wait at most; one more is refused.
        critical: While the device is degraded, the queue of jobs is to be paused.
        chance: Gives numbers from 0 to 1 for the jitter.

    Raises:
        ConfigError: A number is not possible.
    """

    every_s: float = 1.0
    timeout_s: float = 5.0
    degraded_after: int = 3
    backoff_max_s: float = 60.0
    jitter: float = 0.25
    action_timeout_s: float = 10.0
    max_waiting: int = 32
    critical: bool = False
    chance: Callable[[], float] = field(default=_half, compare=False)

    def __post_init__(self) -> None:
        above_zero = ("every_s", "timeout_s", "backoff_max_s", "action_timeout_s")
        for name in (*above_zero, "degraded_after", "max_waiting"):
            value = getattr(self, name)
            least = 0 if name in above_zero else 1
            fits = isinstance(value, int | float) and value >= least and value != 0
            if not fits or value == float("inf"):
                words = "a number above 0" if name in above_zero else "a whole number, 1 or more"
                raise ConfigError(name, value, words)
        if not 0 <= self.jitter <= 1:
            raise ConfigError("jitter", self.jitter, "a number from 0 to 1")

    @property
    def stale_s(self) -> float:
        """Seconds after which what was observed is no longer taken for true."""
        return 2 * self.every_s + self.timeout_s

    def pause_s(self, failures: int) -> float:
        """Seconds from a failed probe to the next one, when ``failures`` have failed in a row."""
        first = min(self.every_s, 1.0)
        longest = max(self.backoff_max_s, first)
        # The exponent is bounded, since a power of two soon is no number any more.
        pause = min(longest, first * 2.0 ** min(failures - 1, 60))
        return pause * (1.0 + self.jitter * (2.0 * self.chance() - 1.0))


# --- events


class ProbeAsked(Struct, frozen=True):
    """Somebody wants to know now how the device is."""


class ProbeAnswered(Struct, frozen=True):
    """The probe gave what was observed."""

    observed: Mapping[str, Any]


class ProbeFailed(Struct, frozen=True):
    """The probe came back without an answer."""

    reason: str


class ActionAsked(Struct, frozen=True):
    """Somebody wants the device to do something.

    ``refusal``: why it cannot be done at all. ``told``: the arguments as anybody may see them; as they are without it.
    """

    id: str
    action: str
    args: Mapping[str, Any]
    timeout_s: float | None = None
    refusal: str | None = None
    told: Mapping[str, Any] | None = None


class ActionAcknowledged(Struct, frozen=True):
    """The device has done it; ``desired``: what is wished for from now on."""

    value: Any = None
    desired: Mapping[str, Any] = msgspec.field(default_factory=dict)


class ActionFailed(Struct, frozen=True):
    """The device has not done it."""

    reason: str


class ActionDropped(Struct, frozen=True):
    """Nobody wants the action any more."""

    id: str
    reason: str


class WishChanged(Struct, frozen=True):
    """How the device is to be, by quantity; None takes a wish back."""

    desired: Mapping[str, Any]


class TimePassed(Struct, frozen=True):
    """Nothing but the time."""


class DeviceRemoved(Struct, frozen=True):
    """The device is no longer watched."""

    reason: str


DeviceEvent: TypeAlias = (
    ProbeAsked
    | ProbeAnswered
    | ProbeFailed
    | ActionAsked
    | ActionAcknowledged
    | ActionFailed
    | ActionDropped
    | WishChanged
    | TimePassed
    | DeviceRemoved
)


# --- effects


class StartProbe(Struct, frozen=True):
    """Ask the device how it is."""


class StartAction(Struct, frozen=True):
    """Have the device do something."""

    id: str
    action: str
    args: Mapping[str, Any]


class SettleAction(Struct, frozen=True):
    """Tell whoever waits for the action that its fate is known."""

    id: str


class TakeSample(Struct, frozen=True):
    """Keep what was observed."""

    observed: Mapping[str, Any]


class TellHealth(Struct, frozen=True):
    """The device's health is another than before."""

    health: DeviceHealth
    reason: str | None


class CloseDevice(Struct, frozen=True):
    """Let go of the device."""


DeviceEffect: TypeAlias = (
    StartProbe | StartAction | SettleAction | TakeSample | TellHealth | CloseDevice
)
