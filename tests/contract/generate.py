"""Writes what follows from ``autobench_nb/contract``: TypeScript, the tables of docs/wire.md, the JSON Schema, vectors.

Run ``python -m tests.contract.generate`` after a change of the contract; a test says when that is due.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.contract.markdown import wire_page
from tests.contract.schema import asyncapi_text, schema_text
from tests.contract.typescript import typescript

ROOT = Path(__file__).resolve().parent.parent.parent
FILES: Mapping[str, Callable[[], str]] = {
    "js/src/sync/messages.gen.ts": typescript,
    "docs/wire.md": lambda: wire_page((ROOT / "docs/wire.md").read_text("utf-8")),
    "docs/wire.schema.json": schema_text,
    "docs/wire.asyncapi.json": asyncapi_text,
}
"""What each file is to contain, by its path."""


def main() -> int:
    """Write every file that is not what it should be."""
    for name, text in FILES.items():
        path = ROOT / name
        made = text()
        if not path.exists() or path.read_text("utf-8") != made:
            path.write_text(made, "utf-8")
            sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
