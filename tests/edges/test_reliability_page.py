"""The matrix in docs/reliability.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_row_of_the_matrix_has_its_test() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    rows = [row for row in rows if not row.endswith("| test |")]
    assert len(rows) > 30
    for row in rows:
        (named,) = re.findall(
            r"`(tests/[a-z0-9_/]+\.py|js/test/[a-z-]+\.test\.tsx?)::([^`]+)`", row
        )
        file, name = named
        head = rf"^(async )?def {name}\(" if file.endswith(".py") else re.escape(f"'{name}',")
        assert re.search(head, (ROOT / file).read_text(), re.MULTILINE), row
