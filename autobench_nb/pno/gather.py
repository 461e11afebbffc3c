"""Gathers the facts that checks look at. Thin: reads, and decides nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.pno.facts import Disk, ErrorLine, Facts, HostNoise, WorkSeries
from autobench_nb.state.store import StateStore

LOG_ENTRIES: Final = 5_000
"""The newest log entries among which errors are looked for."""
RESULT_ROWS: Final = 5_000
"""The newest results that are compared."""
HISTORY: Final = 200
"""Earlier repetitions that a new job is compared with."""


class ReadResults(Protocol):
    """The results, as far as they are read here."""

    def page(self, since: int, limit: int) -> Any:
        """Rows from a position on."""


ReadDurations = Callable[[str, str, int], Sequence[float]]
"""``read(name, command, limit)``: seconds of earlier repetitions, newest first."""


class Gatherer:
    """Reads what scans need, and remembers what the next one compares with.

    Args:
        store: The state.
        last_entries: Gives the newest log entries, so many at most.
        results: The results of this life.
        durations: What a journal knows of earlier lives.
        paths: What is written to besides the working folder and recordings: its name, and the folder.
        root: Where ``/sys`` is, for tests.
    """

    def __init__(
        self,
        store: StateStore,
        last_entries: Callable[[int], Iterable[LogEntry]] = lambda _: (),
        results: ReadResults | None = None,
        durations: ReadDurations | None = None,
        paths: Mapping[str, str] | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._store = store
        self._last_entries = last_entries
        self._results = results
        self._durations = durations
        self._paths = dict(paths or {})
        self._root = root
        self._offset = time.time() - time.monotonic()
        self._throttled: dict[str, int] | None = None

    def facts(self) -> Facts:
        """All facts as they are now."""
        offset = time.time() - time.monotonic()
        step, self._offset = offset - self._offset, offset
        host = self._host()
        before, self._throttled = self._throttled, dict(host.throttled)
        errors, since = self._errors()
        return Facts(
            now=time.time(),
            devices=self._store.get("/devices", {}),
            streams=self._store.get("/streams", {}),
            disks=self._disks(),
            clock_steps_s=(step,),
            host=host,
            throttled_before=before,
            errors=errors,
            logs_since=since,
            series=self._series(),
        )

    def _disks(self) -> list[Disk]:
        seen: dict[int, Disk] = {}
        for what, path in self._written():
            try:
                device, usage = os.stat(path).st_dev, shutil.disk_usage(path)
            except OSError:
                # A folder that is gone is no question of space.
                continue
            disk = seen.setdefault(device, Disk(path, usage.free, usage.total))
            if what not in disk.holds:
                seen[device] = disk._replace(holds=(*disk.holds, what))
        return list(seen.values())

    def _written(self) -> Iterator[tuple[str, str]]:
        """What is written to: what that is, and where."""
        with contextlib.suppress(OSError):
            # The working folder itself may be gone.
            yield "the working folder", os.getcwd()
        yield from self._paths.items()
        for record in self._store.get("/streams", {}).values():
            recording = record.get("recording") if isinstance(record, dict) else None
            if isinstance(recording, dict) and isinstance(recording.get("path"), str):
                yield "recordings", os.path.dirname(os.path.abspath(recording["path"]))

    def _host(self) -> HostNoise:
        cpus = self._root / "sys/devices/system/cpu"
        governors = [_text(one) for one in cpus.glob("cpu[0-9]*/cpufreq/scaling_governor")]
        throttled = {
            one.parent.parent.name: int(text)
            for one in cpus.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
            if (text := _text(one)).isdecimal()
        }
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        ours = len(self._store.get("/jobs/running", []))
        governors = [one for one in governors if one]
        return HostNoise(governors, load, os.cpu_count() or 1, ours, throttled)

    def _errors(self) -> tuple[list[ErrorLine], float | None]:
        entries = list(self._last_entries(LOG_ENTRIES))
        errors = [
            ErrorLine(entry.seq, entry.ts / 1e3, entry.channel)
            for entry in entries
            if entry.level >= Level.ERROR
        ]
        return errors, entries[0].ts / 1e3 if entries else None

    def _series(self) -> list[WorkSeries]:
        if self._results is None:
            return []
        end = self._results.page(0, 1).end
        rows = self._results.page(max(0, end - RESULT_ROWS), RESULT_ROWS).rows
        by_work: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(dict)
        for row in rows:
            if row.status == "succeeded" and row.wall_s is not None:
                jobs = by_work[row.name, row.command]
                jobs.setdefault(row.job_id, []).append(row.wall_s)
        made = []
        for (name, command), jobs in by_work.items():
            *earlier, newest = jobs
            new = jobs[newest]
            old = [value for job in earlier for value in jobs[job]]
            if self._durations is not None:
                # The journal knows the rows of this life too: what is new stands first in it.
                kept = list(self._durations(name, command, len(new) + HISTORY))[len(new) :][::-1]
                old = kept if len(kept) > len(old) else old
            if old:
                made.append(WorkSeries(name, newest, old[-HISTORY:], new))
        return made


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""
