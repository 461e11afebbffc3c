"""Whether two measurements may be compared, and if not, for which named reasons. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from statistics import median
from typing import Any, Final, NamedTuple, Protocol, Self

from autobench_nb.errors import ComparisonError, OptionError
from autobench_nb.figures import counted
from autobench_nb.machine.fingerprint import Fingerprint
from autobench_nb.machine.noise import Noise

CODES: Final[dict[str, str]] = {
    "nothing": "one side has no repetition that succeeded",
    "host": "the machines have different names",
    "cpu": "the processors differ",
    "cores": "the numbers of cores or usable processors differ",
    "frequency-limit": "the highest clocks differ",
    "governor": "the clock's governor differs, or changed in between",
    "turbo": "turbo was switched",
    "smt": "SMT was switched",
    "memory": "the memories differ",
    "kernel": "the kernels differ",
    "os": "the distributions differ",
    "virtualization": "the hypervisors differ",
    "container": "the containers differ",
    "limits": "the control groups' limits differ",
    "tools": "a tool has another version",
    "commit": "the commits differ",
    "dirty": "tracked files differ from the commit",
    "load": "the machine was too busy",
    "pressure": "tasks waited for a processor or a disk",
    "steal": "the hypervisor gave time to others",
    "throttled": "the processor slowed itself down for being too hot",
    "quota": "the control group was held up at its limit",
    "frequency": "the clock ran at another speed",
    "temperature": "the processor was much hotter",
}
"""Every reason for which a comparison is refused, and what it stands for."""

LEAST_LOST_S: Final = 0.05
"""Seconds below which a share is not judged: the kernel counts in hundredths, whoever they belong to."""

_FIELDS: Final = (
    ("host", "host"),
    ("cpu", "cpu_model"),
    ("cpu", "architecture"),
    ("cores", "cores"),
    ("cores", "processors"),
    ("cores", "usable"),
    ("frequency-limit", "max_mhz"),
    ("governor", "governor"),
    ("turbo", "turbo"),
    ("smt", "smt"),
    ("memory", "memory_bytes"),
    ("kernel", "kernel"),
    ("os", "os"),
    ("virtualization", "virtualization"),
    ("container", "container"),
    ("limits", "cgroup"),
    ("limits", "cpu_limit"),
    ("limits", "memory_limit_bytes"),
    ("commit", "commit"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseLimits:
    """How noisy a machine may have been. Shares are 0 to 1 of the measured wall time.

    Attributes:
        load: The load average for each usable processor, the measured work included (median of the repetitions).
        pressure: In which some task waited for a processor, or for a disk (median).
        steal: That the hypervisor gave to others, of all repetitions together.
        quota: That the control group was held up at its limit, of all repetitions together.
        frequency: By which the medians of the clock may differ.
        temperature_c: Degrees by which the medians may differ.
    """

    load: float = 1.0
    pressure: float = 0.2
    steal: float = 0.02
    quota: float = 0.01
    frequency: float = 0.1
    temperature_c: float = 20.0


class Repeated(NamedTuple):
    """One repetition: its wall time in seconds, and the noise beside it."""

    wall_s: float | None
    noise: Noise


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions something was measured.

    Attributes:
        name: What is said of it in a reason.
        machines: The fingerprints of its repetitions, each once.
        repetitions: Those that succeeded.
    """

    name: str
    machines: tuple[Fingerprint, ...]
    repetitions: tuple[Repeated, ...]

    @classmethod
    def of(cls, name: str, rows: Iterable[Any], machines: Mapping[str, Fingerprint]) -> Self:
        """Gather the conditions of result rows.

        Args:
            name: What is said of it in a reason.
            rows: :class:`~autobench_nb.tables.results.Result` rows.
            machines: The fingerprints by the ids that the rows name.
        """
        chosen = [row for row in rows if row.status == "succeeded"]
        ids = dict.fromkeys(row.machine for row in chosen if row.machine in machines)
        repeated = tuple(
            Repeated(row.wall_s, Noise(*(getattr(row, name) for name in Noise._fields)))
            for row in chosen
        )
        return cls(name, tuple(machines[one] for one in ids), repeated)


class Measured(Protocol):
    """Whatever tells under which conditions it was measured: runs and jobs do."""

    def conditions(self) -> Conditions: ...


class Difference(NamedTuple):
    """One reason against a comparison: its ``code`` (see :data:`CODES`) and the sentence that says it."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparability:
    """The verdict; true where the two may be compared.

    Attributes:
        reasons: Why they may not.
        allowed: Reasons that were let pass on request.
        unknown: Measures of noise that neither side's machine tells, so that nothing can be said of them.
    """

    reasons: tuple[Difference, ...]
    allowed: tuple[Difference, ...] = ()
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons

    def check(self) -> Self:
        """Raise unless the two may be compared.

        Raises:
            ComparisonError: They may not; the error names each reason.
        """
        if self.reasons:
            raise ComparisonError([(one.code, one.text) for one in self.reasons])
        return self

    def __str__(self) -> str:
        lines = [
            "not comparable:" if self.reasons else "comparable",
            *(f"  {one.code}: {one.text}" for one in self.reasons),
            *(f"  allowed, {one.code}: {one.text}" for one in self.allowed),
        ]
        if self.unknown:
            lines.append(f"  not known on this machine: {', '.join(self.unknown)}")
        return "\n".join(lines)

    __repr__ = __str__


def comparable(
    a: Conditions | Measured,
    b: Conditions | Measured,
    *,
    allow: Collection[str] = (),
    limits: NoiseLimits | None = None,
) -> Comparability:
    """Say whether two measurements may be compared.

    Args:
        a: A run or a job, or the conditions of one.
        b: The other.
        allow: Codes of :data:`CODES` that are no hindrance, such as ``{"commit"}`` where commits are what is compared.
        limits: How noisy the machine may have been.

    Returns:
        The verdict with every reason, true where the two may be compared.

    Raises:
        OptionError: ``allow`` names a reason that there is not.
    """
    allow = {allow} if isinstance(allow, str) else set(allow)
    for code in sorted(allow - CODES.keys()):
        raise OptionError("comparable(allow=…)", code, tuple(CODES))
    sides = [one if isinstance(one, Conditions) else one.conditions() for one in (a, b)]
    limits = limits or NoiseLimits()
    found = list(_empty(sides))
    if not found:
        found = list(dict.fromkeys([*_changed(sides), *_noisy(sides, limits)]))
    return Comparability(
        tuple(one for one in found if one.code not in allow),
        tuple(one for one in found if one.code in allow),
        _unknown(sides),
    )


def _empty(sides: Sequence[Conditions]) -> Iterable[Difference]:
    for side in sides:
        if not side.repetitions:
            yield Difference("nothing", f"{side.name} has no repetition that succeeded")
        elif not side.machines:
            yield Difference("nothing", f"of {side.name} it is not known on which machine it ran")


def _changed(sides: Sequence[Conditions]) -> Iterable[Difference]:
    """What differs between the machines of the sides, or changed within one."""
    a, b = sides
    for code, name in _FIELDS:
        yield from _differs(code, name.replace("_", " "), sides, attrgetter(name))
    tools = sorted({tool for side in sides for one in side.machines for tool in one.tools})
    for tool in tools:
        # A tool that one side's commands do not name tells nothing.
        if all(tool in one.tools for side in sides for one in side.machines):
            yield from _differs("tools", tool, sides, partial(_version_of, tool))
    for side in (a, b):
        if any(one.dirty for one in side.machines):
            yield Difference("dirty", f"files of {side.name} differed from their commit")


def _version_of(tool: str, machine: Fingerprint) -> str:
    return machine.tools[tool]


def _differs(
    code: str,
    what: str,
    sides: Sequence[Conditions],
    read: Callable[[Fingerprint], object],
) -> Iterable[Difference]:
    values = [list(dict.fromkeys(read(one) for one in side.machines)) for side in sides]
    for side, found in zip(sides, values, strict=True):
        if len(found) > 1:
            told = ", then ".join(map(_told, found))
            yield Difference(code, f"{what} changed within {side.name}: {told}")
            return
    (x,), (y,) = values
    if x != y:
        a, b = sides
        yield Difference(code, f"{what}: {_told(x)} for {a.name}, {_told(y)} for {b.name}")


def _told(value: object) -> str:
    if value is None:
        return "not known"
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- noise


def _noisy(sides: Sequence[Conditions], limits: NoiseLimits) -> Iterable[Difference]:
    for side in sides:
        processors = min((one.usable or one.processors or 1) for one in side.machines)
        load = _median(side, "load")
        if load is not None and load / processors > limits.load:
            yield Difference(
                "load",
                f"{side.name}: load {load:.2f} on {processors} processors, above {limits.load:g} for each",
            )
        for name, what in (("cpu_pressure", "a processor"), ("io_pressure", "a disk")):
            share = _median(side, name)
            if share is not None and share > limits.pressure:
                yield Difference(
                    "pressure",
                    f"{side.name}: tasks waited for {what} in {share:.0%} of the time, above {limits.pressure:.0%}",
                )
        yield from _lost(side, "steal", "steal_s", limits.steal, "was given to others")
        yield from _lost(side, "quota", "cgroup_throttled_s", limits.quota, "was held up")
        throttles = sum(one.noise.thermal_throttles or 0 for one in side.repetitions)
        if throttles:
            yield Difference("throttled", f"{side.name}: {counted(throttles, 'time')} too hot")
    yield from _apart(sides, limits)


def _lost(side: Conditions, code: str, name: str, limit: float, what: str) -> Iterable[Difference]:
    told = [
        (lost, one.wall_s)
        for one in side.repetitions
        if one.wall_s and (lost := getattr(one.noise, name)) is not None
    ]
    wall_s = sum(wall for _, wall in told)
    lost_s = sum(lost for lost, _ in told)
    share = lost_s / wall_s if wall_s else 0.0
    if share > limit and lost_s >= LEAST_LOST_S:
        yield Difference(code, f"{side.name}: {share:.1%} of the time {what}, above {limit:.1%}")


def _apart(sides: Sequence[Conditions], limits: NoiseLimits) -> Iterable[Difference]:
    a, b = sides
    x, y = (_median(side, "cpu_mhz") for side in sides)
    if x and y and max(x, y) / min(x, y) - 1 > limits.frequency:
        yield Difference("frequency", f"{x:.0f} MHz for {a.name}, {y:.0f} MHz for {b.name}")
    x, y = (_median(side, "temperature_c") for side in sides)
    if x is not None and y is not None and abs(x - y) > limits.temperature_c:
        yield Difference("temperature", f"{x:.0f} °C for {a.name}, {y:.0f} °C for {b.name}")


def _median(side: Conditions, name: str) -> float | None:
    told = [value for one in side.repetitions if (value := getattr(one.noise, name)) is not None]
    return median(told) if told else None


def _unknown(sides: Sequence[Conditions]) -> tuple[str, ...]:
    return tuple(
        name
        for name in Noise._fields
        if all(getattr(one.noise, name) is None for side in sides for one in side.repetitions)
    )
