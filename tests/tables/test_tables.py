"""Tables: columns and types that do not depend on the data, and the data in them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from autobench_nb.logs import Level, LogEntry, LogRing, LogView
from autobench_nb.tables import (
    DEVICES,
    FINDINGS,
    JOBS,
    LOG_SCHEMA,
    RESULTS,
    STREAMS,
    logs_table,
    logs_to_csv,
    logs_to_pandas,
    neutral,
    records_to_arrow,
    records_to_pandas,
    to_pandas,
)

COLUMNS = [
    "seq",
    "ts",
    "channel",
    "level",
    "message",
    "logger",
    "job_id",
    "step_id",
    "device_id",
    "fields",
    "exc",
]


def ring_of(count: int, capacity: int = 20_000) -> LogRing:
    ring = LogRing(capacity, clock=lambda: 1_700_000_000.123456)
    for number in range(count):
        ring.append(
            ("app", "psu")[number % 2],
            Level(10 + number % 5 * 10),
            f"é {number}",
            job_id=f"j{number % 3}" if number % 3 else None,
            fields={"n": number, "ä": {"b": "x"}} if number % 1_000 == 1 else None,
            exc="Traceback" if number % 1_000 == 2 else None,
        )
    return ring


def test_a_log_frame_has_its_columns_and_types() -> None:
    frame = logs_to_pandas(ring_of(10_000))
    assert list(frame.columns) == COLUMNS
    assert str(frame.dtypes["seq"]) == "int64"
    assert str(frame.dtypes["ts"]) == "datetime64[us, UTC]"
    assert list(frame["level"].cat.categories) == ["debug", "info", "warn", "error", "fatal"]
    assert frame["level"].cat.ordered
    for name in ("channel", "logger", "job_id", "step_id", "device_id"):
        assert isinstance(frame.dtypes[name], pd.CategoricalDtype)
    for name in ("message", "fields", "exc"):
        assert pd.api.types.is_string_dtype(frame.dtypes[name])


def test_an_empty_log_frame_has_the_same_columns_and_types() -> None:
    empty, full = logs_to_pandas(LogRing(5)), logs_to_pandas(ring_of(10))
    assert list(empty.columns) == COLUMNS
    assert len(empty) == 0
    for name in COLUMNS:
        if isinstance(full.dtypes[name], pd.CategoricalDtype):
            assert isinstance(empty.dtypes[name], pd.CategoricalDtype)
        else:
            assert empty.dtypes[name] == full.dtypes[name]
    assert logs_table(LogRing(5)).schema == logs_table(ring_of(9_000)).schema == LOG_SCHEMA
    assert logs_table(LogView(LogRing(5)).query("x")).schema == LOG_SCHEMA
    assert logs_table([]).schema == LOG_SCHEMA


def test_a_log_frame_says_what_the_entries_say() -> None:
    ring = ring_of(9_500, capacity=7_000)
    frame = logs_to_pandas(ring)
    entries = ring.since(0).entries
    assert len(frame) == len(entries) == 7_000
    assert frame["seq"].tolist() == [entry.seq for entry in entries]
    assert frame["message"].tolist() == [entry.message for entry in entries]
    assert frame["channel"].tolist() == [entry.channel for entry in entries]
    assert frame["level"].tolist() == [entry.level.wire for entry in entries]
    assert frame["job_id"].astype(object).where(frame["job_id"].notna(), None).tolist() == [
        e.job_id for e in entries
    ]
    assert frame["step_id"].isna().all()
    assert frame["ts"].iloc[0] == pd.Timestamp("2023-11-14T22:13:20.123456Z")
    held = {
        seq: json.loads(text)
        for seq, text in zip(frame["seq"], frame["fields"], strict=True)
        if isinstance(text, str)
    }
    assert held == {entry.seq: entry.fields for entry in entries if entry.fields}
    assert held[3_001] == {"n": 3_001, "ä.b": "x"}
    assert frame.loc[frame["exc"].notna(), "seq"].tolist() == [
        entry.seq for entry in entries if entry.exc
    ]


def test_levels_compare_in_a_frame() -> None:
    frame = logs_to_pandas(ring_of(100))
    assert (frame["level"] >= "error").sum() == 40


@pytest.mark.parametrize("kind", ["batch", "view", "query", "entries"])
def test_every_source_gives_the_same_rows(kind: str) -> None:
    ring = ring_of(9_000)
    seqs = range(10, 8_500)
    view = LogView(ring).between(10, 8_500)
    sources: dict[str, Any] = {
        "batch": ring.since(10, 8_490),
        "view": view,
        "query": view.query("channel:psu"),
        "entries": list(ring.since(10, 8_490).entries),
    }
    wanted = [seq for seq in seqs if seq % 2 or kind != "query"]
    frame = logs_to_pandas(sources[kind])
    table = logs_table(sources[kind])
    assert table.schema == LOG_SCHEMA
    assert frame["seq"].tolist() == wanted == table["seq"].to_pylist()
    assert (
        frame["message"].tolist() == [f"é {seq}" for seq in wanted] == table["message"].to_pylist()
    )
    assert frame["job_id"].astype(str).fillna("").tolist() == [
        f"j{seq % 3}" if seq % 3 else "" for seq in wanted
    ]
    assert table["level"].to_pylist() == [Level(10 + seq % 5 * 10).wire for seq in wanted]
    assert table["fields"].null_count == sum(seq % 1_000 != 1 for seq in wanted)
    assert to_pandas(table)["message"].tolist() == frame["message"].tolist()


def test_messages_are_shown_where_they_lie() -> None:
    ring = ring_of(8_192)
    before = pa.total_allocated_bytes()
    table = logs_table(ring)
    text = sum(len(message.encode()) for message in table["message"].to_pylist())
    assert pa.total_allocated_bytes() - before < 8_192 * 40
    addresses = {chunk.buffers()[2].address for chunk in table["message"].chunks}
    assert addresses == {pa.py_buffer(part.chunk.text).address for part in ring.since(0).parts}
    assert text > 0


def test_a_table_outlives_what_the_ring_evicts() -> None:
    ring = ring_of(5_000, capacity=5_000)
    table = logs_table(ring)
    for _ in range(20_000):
        ring.append("app", "info", "later")
    assert table["message"][4_999].as_py() == "é 4999"


JOB = {
    "id": "j1", "runId": "r1", "name": "gzip", "kind": "command", "command": "gzip -9", "status": "running",
    "createdAt": 1_700_000_000_000.5, "startedAt": None, "repeat": 5, "done": 2, "progress": 0.4, "lines": 7,
    "warnings": 0, "errors": 1, "exitCode": None, "meanS": 1.5,
}  # fmt: skip


def test_job_records_become_typed_columns() -> None:
    frame = records_to_pandas({"j1": JOB}, JOBS)
    row = frame.iloc[0]
    assert (row["id"], row["run_id"], row["done"], row["mean_s"]) == ("j1", "r1", 2, 1.5)
    assert row["created_at"] == pd.Timestamp("2023-11-14T22:13:20.000500Z")
    assert pd.isna(row["started_at"])
    assert pd.isna(row["exit_code"])
    assert str(frame.dtypes["exit_code"]) == "Int64"


@pytest.mark.parametrize("schema", [JOBS, DEVICES, STREAMS, RESULTS, FINDINGS])
def test_empty_records_keep_columns_and_types(schema: Any) -> None:
    empty = records_to_pandas({}, schema)
    one = records_to_pandas([{}], schema)
    assert list(empty.columns) == [column.name for column in schema]
    for column in schema:
        if isinstance(one.dtypes[column.name], pd.CategoricalDtype):
            assert isinstance(empty.dtypes[column.name], pd.CategoricalDtype)
        else:
            assert empty.dtypes[column.name] == one.dtypes[column.name]
    assert records_to_arrow([], schema).num_rows == 0


def test_a_mapping_gives_its_keys_as_id_and_iso_times_are_read() -> None:
    frame = records_to_pandas(
        {"cap0": {"type": "capture", "status": "ok", "lastSeen": "2026-01-02T03:04:05+01:00"}},
        DEVICES,
    )
    assert frame["id"].tolist() == ["cap0"]
    assert frame["last_seen"].iloc[0] == pd.Timestamp("2026-01-02T02:04:05Z")


def test_further_fields_become_further_columns() -> None:
    records = [
        {"id": "a", "volts": 5, "nested": {"x": 1}, "mixed": 1},
        {"id": "b", "volts": 5.5, "mixed": "x", "big": 2**70},
    ]
    frame = records_to_pandas(records, DEVICES)
    assert frame["volts"].tolist() == [5.0, 5.5]
    assert frame["nested"].iloc[0] == '{"x": 1}'
    assert frame["mixed"].tolist() == ["1", "x"]
    assert frame["big"].iloc[1] == str(2**70)


def test_an_odd_value_does_not_hide_the_others() -> None:
    records = [{**JOB, "done": "many", "createdAt": "someday", "progress": None, "name": 5}, JOB]
    frame = records_to_pandas(records, JOBS)
    assert pd.isna(frame["done"].iloc[0])
    assert pd.isna(frame["created_at"].iloc[0])
    assert frame["name"].tolist() == ["5", "gzip"]
    assert frame["done"].iloc[1] == 2


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formula_cells_are_neutralised(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"
    ring = LogRing(5)
    ring.append("app", "info", cell, logger=cell, exc=cell)
    row = next(csv.DictReader(io.StringIO("".join(logs_to_csv(ring.since(0).entries)), newline="")))
    assert (row["message"], row["logger"], row["exc"]) == (f"'{cell}",) * 3


def test_csv_gives_every_entry_back() -> None:
    ring = LogRing(5, clock=lambda: 1_700_000_000.123456)
    ring.append("app", "warn", 'quoted "x",\r\nsecond line', fields={"a": 1})
    ring.append("psu", "info", "plain é", job_id="j1")
    rows = list(
        csv.DictReader(io.StringIO("".join(logs_to_csv(ring.since(0).entries)), newline=""))
    )
    assert list(rows[0]) == COLUMNS
    assert rows[0]["message"] == 'quoted "x",\r\nsecond line'
    assert rows[0]["ts"] == "2023-11-14T22:13:20.123456+00:00"
    assert json.loads(rows[0]["fields"]) == {"a": 1}
    assert (rows[1]["job_id"], rows[1]["level"], rows[1]["exc"]) == ("j1", "info", "")


def test_entries_that_came_over_the_wire_make_tables_too() -> None:
    entry = LogEntry(7, 1_700_000_000_123.456, "app", "📦", "", Level.WARN, "x", fields={"a": 1})
    frame = logs_to_pandas([entry])
    assert frame["ts"].iloc[0] == pd.Timestamp("2023-11-14T22:13:20.123456Z")
    assert frame["fields"].iloc[0] == '{"a":1}'


def test_csv_begins_with_a_byte_order_mark_on_request_only() -> None:
    ring = LogRing(5)
    ring.append("app", "info", "é")
    entries = ring.since(0).entries
    plain, marked = ("".join(logs_to_csv(entries, bom=bom)) for bom in (False, True))
    assert marked == "\ufeff" + plain
    assert plain.startswith("seq,")
