"""Names and cells cannot deceive who reads them: bidirectional marks are visible, formulas are text."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

import autobench_nb as ab
from autobench_nb.tables.export import neutral
from autobench_nb.tables.files import table_bytes

CELLS = json.loads((Path(__file__).parent.parent / "vectors/csv.json").read_text("utf-8"))
"""The page's own export is held to the same."""
MARKS = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_bidirectional_marks_in_names_are_visible(mark: str) -> None:
    shown = f"a\\u{ord(mark):04x}b"
    with ab.Orchestrator() as bench:
        bench.log(f"a{mark}b").info(
            "m", logger=f"a{mark}b", job_id=f"a{mark}b", step_id=f"a{mark}b", device_id=f"a{mark}b"
        )
        entry = bench.logs[-1]
        names = (entry.channel, entry.logger, entry.job_id, entry.step_id, entry.device_id)
        assert names == (shown,) * 5
        assert shown in bench.channels.names
        assert not any(mark in name for name in bench.channels.names)


@pytest.mark.parametrize("cell", CELLS["neutralised"], ids=ascii)
def test_what_a_spreadsheet_may_run_gets_an_apostrophe(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", CELLS["kept"], ids=ascii)
def test_what_no_spreadsheet_runs_stays_as_it_is(cell: str) -> None:
    assert neutral(cell) == cell


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
def test_a_table_of_results_as_csv_holds_no_cell_that_a_spreadsheet_may_run(
    kind: pa.DataType,
) -> None:
    cells = [*CELLS["neutralised"], *CELLS["kept"]]
    table = pa.table({"=1+1": pa.array(cells, pa.string()).cast(kind), "n": range(len(cells))})
    text = table_bytes(table, "csv").decode()
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["'=1+1", "n"]
    assert [row[0] for row in rows] == [neutral(cell) for cell in cells]
