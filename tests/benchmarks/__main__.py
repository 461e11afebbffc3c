"""``python -m tests.benchmarks [--json FILE] [--only NAME] [--quick]``"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests import benchmarks
from tests.benchmarks.harness import Benchmark, MissingPeer, Row, clock, machine, table

_NOT_BENCHMARKS = {"__main__", "harness"}


def discover() -> Iterator[Benchmark]:
    """Every benchmark of every module here that lists some in ``BENCHMARKS``."""
    for found in pkgutil.iter_modules(benchmarks.__path__):
        if found.name not in _NOT_BENCHMARKS and not found.name.startswith("test_"):
            module = importlib.import_module(f"{benchmarks.__name__}.{found.name}")
            yield from getattr(module, "BENCHMARKS", [])


def run(chosen: Sequence[Benchmark], rows: list[Row], *, quick: bool) -> None:
    """Run them one after the other, their rows into ``rows``; one whose peer is not installed says so in its row."""
    for benchmark in chosen:
        print(f"{benchmark.name} ...", end=" ", file=sys.stderr, flush=True)
        begin = clock()
        try:
            rows += benchmark.run(quick)
        except MissingPeer as missing:
            rows.append(
                Row(benchmark.name, 0, "", missing.package, None, None, f"not measured: {missing}")
            )
        print(f"{clock() - begin:.1f} s", file=sys.stderr)


def report(rows: Sequence[Row], file: Path | None, *, quick: bool) -> None:
    """Print the table, and write the rows as JSON where a file is given."""
    print(f"\nMachine: {machine()}" + (" (quick: figures mean nothing)" if quick else ""))
    print()
    print(table(rows))
    if file is not None:
        text = json.dumps([row.to_json() for row in rows], indent=2, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows as JSON")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only benchmarks with NAME in their name"
    )
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    options = parser.parse_args(arguments)
    known = list(discover())
    chosen = [
        one for one in known if not options.only or any(name in one.name for name in options.only)
    ]
    if not chosen:
        parser.error("no such benchmark; there are: " + ", ".join(one.name for one in known))
    rows: list[Row] = []
    try:
        run(chosen, rows, quick=options.quick)
    finally:
        # One that fails takes nothing of what was measured before it along.
        report(rows, options.json, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
