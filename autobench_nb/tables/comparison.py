"""Jobs side by side: one row for each, from the rows of its repetitions. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from autobench_nb.tables.measures import UNITS, WALL_S, number_of
from autobench_nb.tables.results import Result
from autobench_nb.tables.schema import Column, ColumnKind

SUCCEEDED: Final = "succeeded"


class JobRows(NamedTuple):
    """One job as it stands, and a row for each of its measured repetitions that has ended.

    ``repeat``: how many were asked for. ``reason``: why the job did not succeed. ``units``: of its metrics, by name.
    """

    job_id: str
    name: str
    command: str
    status: str
    reason: str | None
    repeat: int
    rows: Sequence[Result]
    units: Mapping[str, str] = MappingProxyType({})

    @property
    def measured(self) -> list[Result]:
        """The rows of the repetitions that have succeeded: only they are figures of the work itself."""
        return [row for row in self.rows if row.status == SUCCEEDED]


class Figures(NamedTuple):
    """What some numbers come to; ``None`` where there are too few of them.

    ``size``: how many they are. ``sd``: the sample's standard deviation (n - 1).
    """

    size: int
    mean: float | None
    sd: float | None
    least: float | None
    most: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Figures:
        """Figures of the finite ones among ``values``."""
        known = finite(values)
        if not known:
            return cls(0, None, None, None, None)
        mean = math.fsum(known) / len(known)
        sd = None
        if len(known) > 1:
            squares = math.fsum((value - mean) ** 2 for value in known)
            sd = math.sqrt(squares / (len(known) - 1))
        return cls(len(known), mean, sd, min(known), max(known))


def finite(values: Iterable[float | None]) -> list[float]:
    """Only what is a number, neither nan nor infinite."""
    return [float(value) for value in values if value is not None and math.isfinite(value)]


_SUFFIXES: Final = {"s": "_s", "B": "_bytes"}
"""What the columns of figures end in, by their unit."""


def comparison_columns(measure: str = WALL_S) -> tuple[Column, ...]:
    """The columns of a comparison by this measure; see :func:`compared`."""
    suffix = _suffix(measure)
    return (
        Column("job_id", "job_id", ColumnKind.TEXT),
        Column("name", "name", ColumnKind.TEXT),
        Column("status", "status", ColumnKind.NAME),
        Column("reason", "reason", ColumnKind.TEXT),
        Column("repetitions", "repetitions", ColumnKind.WHOLE),
        *(
            Column(f"{name}{suffix}", f"{name}{suffix}", ColumnKind.REAL)
            for name in ("mean", "sd", "min", "max")
        ),
        Column("ratio", "ratio", ColumnKind.REAL),
        Column("max_rss_bytes", "max_rss_bytes", ColumnKind.WHOLE),
    )


def _suffix(measure: str) -> str:
    return _SUFFIXES.get(UNITS.get(measure, ""), "")


def compared(jobs: Sequence[JobRows], measure: str = WALL_S) -> list[dict[str, Any]]:
    """One record for each job, with the keys of :func:`comparison_columns`.

    Args:
        jobs: The jobs, in the order of the records.
        measure: What is compared; see :func:`~autobench_nb.tables.measures.number_of`.

    Returns:
        Records whose figures are those of the repetitions that have succeeded: ``repetitions`` counts them, times
        are in seconds, ``max_rss_bytes`` is the largest. ``ratio``: the mean over that of the least job; only
        jobs that have succeeded have one, since what failed has not done the same work. Where a power meter has seen
        any of them, ``energy_j`` is the mean of a repetition's energy in joules, and ``energy_shared`` whether others
        ran meanwhile, so that it is a part.
    """
    suffix = _suffix(measure)
    figures = [Figures.of(number_of(row, measure) for row in job.measured) for job in jobs]
    ratios = ratios_to_least(
        one.mean if job.status == SUCCEEDED else None
        for job, one in zip(jobs, figures, strict=True)
    )
    energies = _energies(jobs)
    return [
        {
            "job_id": job.job_id,
            "name": job.name,
            "status": job.status,
            "reason": job.reason,
            "repetitions": len(job.measured),
            f"mean{suffix}": one.mean,
            f"sd{suffix}": one.sd,
            f"min{suffix}": one.least,
            f"max{suffix}": one.most,
            "ratio": ratio,
            "max_rss_bytes": max(
                (row.max_rss_bytes for row in job.measured if row.max_rss_bytes is not None),
                default=None,
            ),
            **energy,
        }
        for job, one, ratio, energy in zip(jobs, figures, ratios, energies, strict=True)
    ]


def _energies(jobs: Sequence[JobRows]) -> list[dict[str, Any]]:
    """Of each job ``energy_j`` and ``energy_shared``; nothing of any where no power meter has seen one."""
    metrics = [[row.metrics or {} for row in job.measured] for job in jobs]
    means = [Figures.of(one.get("energy") for one in rows).mean for rows in metrics]
    if all(mean is None for mean in means):
        return [{} for _ in jobs]
    return [
        {
            "energy_j": mean,
            "energy_shared": None if mean is None else any(one.get("energyShared") for one in rows),
        }
        for mean, rows in zip(means, metrics, strict=True)
    ]


def ratios_to_least(means: Iterable[float | None]) -> list[float | None]:
    """Each mean over the least of all; ``None`` where there is none, or where the least is not above 0."""
    all_means = list(means)
    least = min((mean for mean in all_means if mean is not None), default=0.0)
    return [None if mean is None or least <= 0 else mean / least for mean in all_means]
