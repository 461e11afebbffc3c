"""What is asked of a journal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from autobench_nb.errors import ConfigError
from autobench_nb.journal.retention import Bounds

SMALLEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Journal:
    """Where an orchestrator keeps what is to outlive it: ``Orchestrator(journal=ab.Journal("lab.db", logs=True))``.

    Args:
        path: The file; made where it is missing. Its folder must be there, on a local disk.
        logs: Whether log entries that the ring lets go are kept too.
        max_bytes: How large the file may become; past it the oldest go: log entries, then devices' samples, then
            their history, then ended runs. None: no bound.
        max_age_days: After how many days log entries, devices' history and ended runs go. None: never.
        samples_every_s: Seconds of which the samples of a device are kept as one row: the mean, the least and the most
            of each quantity. Of these rows the newest 100,000 stay. None: no samples are kept.

    Raises:
        ConfigError: A bound is no number, or too small, or the path is none.
    """

    path: str | PathLike[str]
    logs: bool = False
    max_bytes: int | None = None
    max_age_days: float | None = None
    samples_every_s: float | None = 10.0

    def __post_init__(self) -> None:
        try:
            text = os.fspath(self.path)
        except TypeError:
            text = ""
        if not isinstance(text, str) or not text or "\0" in text:
            raise ConfigError("journal", self.path, "the path of a file, such as 'lab.db'")
        if text.startswith((":", "file:")):
            # What SQLite would keep in memory, or in a file of a strange name, outlives nothing.
            raise ConfigError("journal", self.path, "the path of a file, such as 'lab.db'")
        if not isinstance(self.logs, bool):
            raise ConfigError("journal logs", self.logs, "true or false")
        size, age = self.max_bytes, self.max_age_days
        if size is not None and (
            isinstance(size, bool) or not isinstance(size, int) or size < SMALLEST_BYTES
        ):
            raise ConfigError(
                "journal max_bytes", size, f"{SMALLEST_BYTES:,} bytes or more, or None"
            )
        if age is not None and (
            isinstance(age, bool) or not isinstance(age, (int, float)) or not age > 0
        ):
            raise ConfigError("journal max_age_days", age, "days above 0, or None")
        every = self.samples_every_s
        if every is not None and (
            isinstance(every, bool) or not isinstance(every, (int, float)) or not 1 <= every <= 3600
        ):
            raise ConfigError(
                "journal samples_every_s", every, "seconds from 1 to 3,600, or None to keep none"
            )

    @property
    def file(self) -> Path:
        """The path as one: absolute, so that a notebook that changes its folder keeps its journal."""
        return Path(os.path.abspath(self.path))

    @property
    def bounds(self) -> Bounds:
        """How large it may become."""
        return Bounds(self.max_bytes, self.max_age_days)
