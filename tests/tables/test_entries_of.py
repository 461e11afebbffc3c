"""A DataFrame back into log entries, for ``LogPane.show``."""

from __future__ import annotations

import pandas as pd

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.tables import entries_of, logs_to_pandas


def test_a_log_s_own_table_comes_back_as_its_entries() -> None:
    ring = LogRing(10)
    ring.append("psu", "warn", "hot", 1_700_000_000_123.456, fields={"temp": 81.5, "on": True})
    ring.append(
        "app", "error", "gone", logger="a.b", job_id="7", step_id="s", device_id="d", exc="Trace"
    )
    entries = list(ring.since(0).entries)
    assert entries_of(logs_to_pandas(entries)) == entries


def test_a_frame_without_the_log_s_columns_shows_its_own_as_fields() -> None:
    frame = pd.DataFrame({"name": ["gzip", "xz"], "wall_s": [0.5, float("nan")]})
    first, second = entries_of(frame)
    assert (first.seq, second.seq) == (0, 1)
    assert first.fields == {"name": "gzip", "wall_s": 0.5}
    assert second.fields == {"name": "xz"}
    assert first.message == '{"name": "gzip", "wall_s": 0.5}'


def test_levels_and_times_are_read_as_people_write_them() -> None:
    frame = pd.DataFrame(
        {"ts": pd.to_datetime(["2026-11-24 10:00:00"]), "level": ["WARNING"], "message": ["x"]}
    )
    (entry,) = entries_of(frame)
    assert entry.ts == 1_795_514_400_000.0
    assert entry.level == Level.WARN


def test_an_empty_frame_gives_no_entries() -> None:
    assert entries_of(pd.DataFrame()) == []
