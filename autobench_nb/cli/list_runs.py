"""``autobench-nb list --journal``: the runs that a journal holds."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from autobench_nb.cli.run_text import aligned, duration, printable
from autobench_nb.journal.reader import open_journal

HEADS: Final = ("RUN", "NAME", "STATUS", "STEPS", "BEGAN", "TOOK", "REASON")


def list_runs(options: argparse.Namespace) -> int:
    """Print the runs, oldest first; returns the exit status. Raises :class:`JournalError` where there is no journal."""
    with open_journal(options.journal) as journal:
        records = journal.run_records()
    if options.json:
        print(orjson.dumps(records, option=orjson.OPT_INDENT_2, default=str).decode())
        return 0
    if not records:
        print("The journal holds no run.", file=sys.stderr)
        return 0
    print("\n".join(aligned([list(HEADS), *(_row(record) for record in records)])))
    if any(record["status"] == "interrupted" for record in records):
        print(
            f"autobench-nb resume --journal {options.journal} RUN goes on with an interrupted one.",
            file=sys.stderr,
        )
    return 0


def _row(record: dict[str, Any]) -> list[str]:
    began, ended = record["created_ms"], record["finished_ms"]
    moment = datetime.fromtimestamp(began / 1e3, UTC).astimezone()
    cells = (
        record["run_id"],
        record["recipe"] or record["name"] or "",
        record["status"],
        f"{record['succeeded']} of {record['steps']}",
        moment.isoformat(" ", "seconds"),
        "" if ended is None else duration((ended - began) / 1e3),
        record["reason"] or "",
    )
    return [printable(cell) for cell in cells]
