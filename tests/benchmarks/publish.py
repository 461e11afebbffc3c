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
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)


def rows_of(text: str) -> list[Row]:
    """The rows of a JSON file."""
    return [
        Row(**{name: value for name, value in row.items() if name not in ("ratio", "holds")})
        for row in json.loads(text)
    ]


def brief(rows: Sequence[Row]) -> str:
    """The rows that have a goal, without notes and narrow: a README is read as it stands, too."""
    lines = table([replace(row, note="") for row in rows if row.goal is not None])
    lines = re.sub(r"(?<=\|) +| +(?=\|)", " ", lines)
    return re.sub(r"-{4,}(:?)", r"---\1", lines).replace("| NO |", "| **no** |")


def main(arguments: Sequence[str]) -> int:
    rows = [row for name in arguments for row in rows_of(Path(name).read_text("utf-8"))]
    made = f"{machine()}; {date.today().isoformat()}"
    for page, text in (
        (README, f"Measured in one run: {made}.\n\n{brief(rows)}\n"),
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
