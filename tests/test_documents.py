"""What the pages tell people to type does what they say, and prints what they show."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["start.md"])
async def test_the_code_of_a_page_runs_from_top_to_bottom_and_prints_what_is_shown(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = ""
    shown = 0
    try:
        for kind, text in BLOCK.findall((DOCS / page).read_text("utf-8")):
            if kind == "python":
                printed = await run_cell(text, names)
            elif kind == "text":
                assert printed == text
                shown += 1
    finally:
        for one in names.values():
            if hasattr(one, "serve") and hasattr(one, "close"):
                one.close()
    assert shown > 2


async def run_cell(code: str, names: dict[str, Any]) -> str:
    """Run code as a notebook's cell is run, ``await`` included; gives what it has printed."""
    out = io.StringIO()
    compiled = compile(code, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(out):
        result = eval(compiled, names)
        if inspect.isawaitable(result):
            await result
    return out.getvalue()
