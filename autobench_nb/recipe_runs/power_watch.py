"""Follows the power meter for one run: takes its samples while something of the run is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from autobench_nb.recipe_runs.power import PowerCourse

if TYPE_CHECKING:
    from autobench_nb.devices.samples import Samples
    from autobench_nb.jobs.ledger import Ledger

LOOK_S: Final = 1.0
"""Between two looks at the meter, at least."""

Meter: TypeAlias = "Callable[[], tuple[Samples, str] | None]"
"""Gives the samples of the power meter and the quantity that is its power; None where there is none."""


class PowerWatch:
    """The power of one run, for the state. Its run's own thread calls it.

    While nothing runs, such as in a pause, nothing is taken, so that a night does not make the curve coarse. It stays
    with the meter that it has begun with.

    Args:
        meter: Gives the meter; None where there are no devices.
        ledger: Has what the meter saw in an earlier life of the run.

    Attributes:
        before: From when to when the run went on in an earlier life, in ms since 1970; None where it had none.
        is_active: Whether something of the run was under way at the last look.
    """

    def __init__(self, meter: Meter | None, ledger: Ledger) -> None:
        self._meter = meter
        self._ledger = ledger
        self.before: tuple[float, float] | None = None
        self._course: PowerCourse | None = None
        self._from_s: float | None = None
        self._is_shown = False
        self.is_active = False

    def look(self, now_s: float, *, is_active: bool) -> float | None:
        """Take what was sampled since the last look, while something of the run was under way.

        Args:
            now_s: In seconds since 1970.
            is_active: Whether something is under way from now on.

        Returns:
            Seconds until the next look is wanted; None where nothing is to be seen before something else happens.
        """
        self.is_active = is_active
        meter = None if self._meter is None else self._meter()
        if meter is None:
            self._from_s = None
            return None
        samples, quantity = meter
        if self._course is None:
            if not is_active:
                return None
            self._course = self._begin(samples, quantity, 1e3 * now_s)
        course = self._course
        if (course.device, course.quantity) != (samples.device, quantity):
            return None
        if self._from_s is not None:
            self._take(course, samples, quantity, self._from_s)
        if not is_active:
            self._from_s = None
            return None
        if self._from_s is None:
            self._from_s = now_s
        return max(LOOK_S, course.every_ms / 4e3)

    def _begin(self, samples: Samples, quantity: str, now_ms: float) -> PowerCourse:
        unit = samples.units.get(quantity, "W")
        if self.before is None:
            return PowerCourse(samples.device, quantity, unit, now_ms)
        begun_ms, ended_ms = self.before
        course = PowerCourse(samples.device, quantity, unit, begun_ms)
        # The stretch that was under way when the run began is a part of it.
        early_ms = 1e3 * (self._ledger.samples_every_s or 0.0)
        kept = self._ledger.sample_stretches(samples.device, begun_ms - early_ms, ended_ms)
        course.add_kept(kept)
        return course

    def _take(self, course: PowerCourse, samples: Samples, quantity: str, from_s: float) -> None:
        found = samples.since(quantity, from_s)
        if not found:
            return
        course.add((1e3 * at, watts) for at, watts in found)
        last_s = found[-1][0]
        course.joules += samples.integral(quantity, from_s, last_s).value
        self._from_s = last_s

    def whole(self) -> dict[str, Any] | None:
        """The record of the state, where there is one already; it counts as written then."""
        self._is_shown = self._course is not None
        return None if self._course is None else self._course.record()

    def news(self) -> list[tuple[str, Any]]:
        """What is to be written below the run's record: places and values; they count as written then."""
        if self._course is None:
            return []
        if not self._is_shown:
            return [("power", self.whole())]
        return [(f"power/{place}", value) for place, value in self._course.news()]
