"""The checks that come along. Each takes the facts and gives what it found. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from autobench_nb.contract.findings import Severity
from autobench_nb.figures import counted
from autobench_nb.pno import found as evidence
from autobench_nb.pno.facts import Facts
from autobench_nb.pno.found import Found
from autobench_nb.pno.statistics import shift

GIB: Final = 1024**3
LEAST_FREE: Final = 2 * GIB
"""Less free space than this is worth a warning; a tenth of it is an error."""
LARGEST_STEP_S: Final = 0.1
"""A clock that goes otherwise by more than this was stepped."""
MOST_LOAD: Final = 0.25
"""The share of the processors that others may keep busy, so that one can still measure."""
ERRORS_RECENT_S: Final = 120.0
ERRORS_BEFORE_S: Final = 1_800.0
FEWEST_ERRORS: Final = 5
ERRORS_FACTOR: Final = 3.0
FEWEST_VALUES: Final = 3
LIKELY: Final = 0.01
"""A difference is told where chance alone makes so large a one less often than this."""
SMALL: Final = 0.02
"""A ratio nearer to 1 than this is not worth a word, however certain."""

Check = Callable[[Facts], Iterator[Found]]


def clock_time(seconds: float) -> str:
    """An instant as the time of the day, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")


def device_silent(facts: Facts) -> Iterator[Found]:
    """Devices that do not answer."""
    for name, record in facts.devices.items():
        if not record.get("supervised") or record.get("status") not in ("unknown", "degraded"):
            continue
        seen, error = record.get("lastSeen"), record.get("error")
        if seen is None and not record.get("failures"):
            # It has not been asked yet.
            continue
        since = f"since {clock_time(_seconds(seen))}" if seen else "yet"
        wished = record.get("desired")
        desired = f" (desired: {_brief(wished)})" if wished else ""
        bad = record.get("status") == "degraded"
        yield Found(
            f"No answer {since}{desired}: {error}",
            Severity.ERROR if bad else Severity.WARN,
            name,
            (evidence.lines([], f"device:{name}"), evidence.device(name)),
        )


def device_otherwise(facts: Facts) -> Iterator[Found]:
    """Devices that are not as they are desired."""
    for name, record in facts.devices.items():
        observed, desired = record.get("observed") or {}, record.get("desired") or {}
        for quantity in record.get("differs") or ():
            wish, is_ = desired.get(quantity), observed.get(quantity)
            yield Found(
                f"{quantity} is {is_}, desired is {wish}",
                Severity.WARN,
                name,
                (evidence.device(name),),
            )


def stream_frozen(facts: Facts) -> Iterator[Found]:
    """Streams whose picture is old, or does not change."""
    for name, record in facts.streams.items():
        if not record.get("wanted"):
            continue
        frozen, last = record.get("frozenSince"), record.get("lastPictureAt")
        limit, young = record.get("frozenS"), record.get("youngS")
        if frozen is not None:
            what = f"Same picture since {clock_time(frozen / 1e3)}, limit {limit:g} s"
        elif last is not None and young is not None and facts.now - last / 1e3 > max(young, 2.0):
            what = f"No picture since {clock_time(last / 1e3)}, limit {young:g} s"
        elif last is None and record.get("restarts"):
            what = f"No picture yet after {record['restarts']} restarts: {record.get('reason')}"
        else:
            continue
        yield Found(what, Severity.ERROR, name, (evidence.stream(name),))


def disk_space(facts: Facts) -> Iterator[Found]:
    """File systems with little room."""
    for disk in facts.disks:
        if disk.free < LEAST_FREE:
            bad = disk.free < LEAST_FREE / 10
            share = f"{disk.free / disk.total:.0%}" if disk.total else "nothing"
            holds = f" ({', '.join(disk.holds)})" if disk.holds else ""
            yield Found(
                f"{disk.free / GIB:.1f} GiB free, {share} of {disk.total / GIB:.0f} GiB{holds}",
                Severity.ERROR if bad else Severity.WARN,
                disk.path,
                (evidence.path(disk.path), evidence.numbers({"free": disk.free})),
            )


def clock_stepped(facts: Facts) -> Iterator[Found]:
    """A wall clock that was set, or a machine that slept."""
    for step in facts.clock_steps_s:
        if abs(step) > LARGEST_STEP_S:
            way = "forward" if step > 0 else "back"
            size = f"{abs(step) * 1e3:.0f} ms" if abs(step) < 10 else f"{abs(step):.1f} s"
            yield Found(
                f"The clock went {size} {way} against the time that passed: it was set, or the machine slept",
                Severity.WARN,
                "host",
                (evidence.numbers({"stepS": step}),),
            )


def noisy_host(facts: Facts) -> Iterator[Found]:
    """A machine on which measurements scatter."""
    host = facts.host
    if host is None:
        return
    slow = sorted({one for one in host.governors if one in ("powersave", "conservative")})
    others = None if host.load is None else max(0.0, host.load - host.ours)
    if others is not None and others > MOST_LOAD * host.processors:
        # A load counts who waits for a processor, too: of two processors no more than two are busy.
        busy = (
            f"{others:.1f} of {host.processors} processors busy"
            if others <= host.processors
            else f"all {host.processors} processors busy, of a load of {others:.1f}"
        )
        yield Found(
            f"Others keep {busy}: measurements scatter",
            Severity.WARN,
            "host",
            (evidence.numbers({"load": host.load, "ours": host.ours}),),
        )
    if slow:
        yield Found(
            f"Governor {', '.join(slow)}: the frequency follows the load, use performance",
            Severity.INFO,
            "host",
            (evidence.numbers({"governors": ", ".join(sorted(set(host.governors)))}),),
        )


def thermal_throttling(facts: Facts) -> Iterator[Found]:
    """Processors that were slowed since the last scan, since they were too hot."""
    if facts.host is None or facts.throttled_before is None:
        return
    more = {
        name: count - facts.throttled_before.get(name, count)
        for name, count in facts.host.throttled.items()
    }
    hot = {name: count for name, count in more.items() if count > 0}
    if hot:
        yield Found(
            f"Slowed {counted(sum(hot.values()), 'time')} since the last scan: too hot ({', '.join(hot)})",
            Severity.WARN,
            "host",
            (evidence.numbers(hot),),
        )


def error_rate(facts: Facts) -> Iterator[Found]:
    """More errors in the log than there were before."""
    recent = [one for one in facts.errors if one.at > facts.now - ERRORS_RECENT_S]
    if len(recent) < FEWEST_ERRORS:
        return
    begin = facts.now - ERRORS_BEFORE_S
    if facts.logs_since is not None:
        begin = max(begin, facts.logs_since)
    before_s = max(0.0, facts.now - ERRORS_RECENT_S - begin)
    before = [one for one in facts.errors if begin <= one.at <= facts.now - ERRORS_RECENT_S]
    usual = len(before) / before_s * ERRORS_RECENT_S if before_s > 0 else 0.0
    if len(recent) > ERRORS_FACTOR * usual:
        channels = ", ".join(sorted({one.channel for one in recent}))
        was = f"usual are {usual:.1f}" if before else "before there were none"
        yield Found(
            f"{len(recent)} errors in {ERRORS_RECENT_S / 60:.0f} min, {was}",
            Severity.WARN,
            channels,
            (evidence.lines([one.seq for one in recent], "level:error"),),
        )


def results_moved(facts: Facts) -> Iterator[Found]:
    """Work that takes another time than it took before."""
    for one in facts.series:
        if len(one.old) < FEWEST_VALUES or len(one.new) < FEWEST_VALUES:
            continue
        moved = shift(one.old, one.new)
        if moved.p >= LIKELY or abs(moved.ratio - 1) < SMALL:
            continue
        new, old = _median(one.new), _median(one.old)
        slower = moved.ratio > 1
        yield Found(
            f"{new:.4g} s, was {old:.4g} s in the last {counted(len(one.old), 'repetition')}: {moved.ratio - 1:+.1%} "
            f"(Mann-Whitney p {moved.p:.2g}, Cliff's delta {moved.delta:+.2f})",
            Severity.WARN if slower else Severity.INFO,
            one.name,
            (
                evidence.numbers(
                    {"ratio": moved.ratio, "p": moved.p, "delta": moved.delta},
                    [*one.old[-60:], new],
                ),
                evidence.jobs([one.job_id]),
            ),
        )


def _median(values: Any) -> float:
    from statistics import median

    return float(median(values))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _brief(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


CHECKS: Final[Mapping[str, Check]] = {
    "device silent": device_silent,
    "device otherwise": device_otherwise,
    "stream frozen": stream_frozen,
    "disk space": disk_space,
    "clock stepped": clock_stepped,
    "noisy host": noisy_host,
    "thermal throttling": thermal_throttling,
    "error rate": error_rate,
    "results moved": results_moved,
}
"""The checks that every scan has, by name."""
