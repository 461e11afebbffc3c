"""``python -m tests.benchmarks.publish FILE...``: the figures of a run into README.md and docs/performance.md.

FILE is what ``python -m tests.benchmarks --json FILE`` wrote, on this machine and today.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.benchmarks.harness import Row, machine, table

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
CHOSEN = (
    ("one field of 10,000 devices, to patch bytes", "deepcopy + jsonpatch"),
    ("patch applied in the browser, 10,000 devices", "mutative"),
    ("fan-out, 500 clients x 250 B, patch and log batch of one flush, CPU a message and client",
     "tornado write_message"),
    ("lines a second, to encoded bytes", "Output.append_stdout at 10,000 lines"),
    ("accept, redact, ring, batch, 10 clients", "logging + re + json"),
    ("1,000,000 entries to a DataFrame", "DataFrame(list of dicts)"),
    ("query 1,000,000: a word in 0.1% of lines", "pyarrow.compute.match_substring(ignore_case)"),
    ("10,000 lines arrive at once", "innerHTML and its layout"),
    ("gzip, wall: how far from hyperfine's", "what is allowed"),
    ("a job's overhead over subprocess.run", "what is allowed"),
)  # fmt: skip
"""The ten rows of the README, by what and peer: the promises of its first lines, and what is missed too."""
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)


def rows_of(text: str) -> list[Row]:
    """The rows of a JSON file."""
    return [
        Row(**{name: value for name, value in row.items() if name not in ("ratio", "holds")})
        for row in json.loads(text)
    ]


def chosen(rows: Sequence[Row]) -> list[Row]:
    """The README's rows, in its order. Raises :class:`KeyError` with the first that was not measured."""
    measured = {(row.name, row.peer): row for row in rows if row.goal is not None}
    return [measured[one] for one in CHOSEN]


def brief(rows: Sequence[Row]) -> str:
    """Rows without notes and narrow: a README is read as it stands, too."""
    lines = table([replace(row, note="") for row in rows])
    lines = re.sub(r"(?<=\|) +| +(?=\|)", " ", lines)
    return re.sub(r"-{4,}(:?)", r"---\1", lines).replace("| NO |", "| **no** |")


def main(arguments: Sequence[str]) -> int:
    rows = [row for name in arguments for row in rows_of(Path(name).read_text("utf-8"))]
    made = f"{machine()}; {date.today().isoformat()}"
    for page, text in (
        (README, f"Measured in one run: {made}.\n\n{brief(chosen(rows))}\n"),
        (PERFORMANCE, f"Machine: {made}.\n\n{table(rows)}\n"),
    ):
        old = page.read_text("utf-8")
        place = FIGURES.search(old)
        if place is None:
            raise SystemExit(f"{page.name} has no <!-- figures --> to fill")
        page.write_text(old[: place.start()] + text + old[place.end() :], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
