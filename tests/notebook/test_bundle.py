"""The browser's code stands in a saved notebook once, however many views it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import autobench_nb as ab
from autobench_nb.notebook.bundle import shared_bundle, static_file
from tests.notebook.conftest import customs, end_of

LOADER_BYTES = 8_000
VIEWS = [
    "ab.LogPane(bench)",
    "ab.Dashboard(bench)",
    "ab.StatePane(bench)",
    "ab.StatusBadge(bench)",
    "bench",
    'ab.LogPane(bench, query="level>=warn")',
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a notebook with six views, saved with the state of its widgets as nbconvert does."""
    path = tmp_path_factory.mktemp("saved") / "views.ipynb"
    cells = ["import autobench_nb as ab\nbench = ab.Orchestrator()", *VIEWS, "bench.close()"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, kernel_name="python3", store_widget_state=True, timeout=120)
    client.execute()
    nbformat.write(notebook, path)
    return path.read_text("utf-8")


def states_of(text: str) -> list[dict[str, Any]]:
    metadata = nbformat.reads(text, as_version=4).metadata
    states = metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    return [one["state"] for one in states.values()]


def test_six_saved_views_hold_the_code_once(saved: str) -> None:
    code = static_file("widget.js").read_text("utf-8")
    states = states_of(saved)
    assert sum(code in str(value) for one in states for value in one.values()) == 1
    assert len([one for one in states if "view" in one]) == len(VIEWS)
    once = len(code) + static_file("widget.css").stat().st_size
    # What JSON makes of quotes and line ends is a few per cent.
    assert len(saved) < 1.1 * once + len(VIEWS) * LOADER_BYTES


def test_a_saved_view_names_the_model_that_holds_its_code(saved: str) -> None:
    metadata = nbformat.reads(saved, as_version=4).metadata
    models = metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    named = {one["state"]["bundle"] for one in models.values() if "view" in one["state"]}
    assert len(named) == 1
    holder = models[named.pop().removeprefix("IPY_MODEL_")]
    assert set(holder["state"]) >= {"code", "styles"}
    loader = static_file("loader.js").read_text("utf-8")
    assert holder["state"]["_esm"] == loader, "it has its own page import the code"


def test_the_loader_is_small() -> None:
    assert static_file("loader.js").stat().st_size < LOADER_BYTES / 2


def test_all_views_of_a_kernel_share_one_bundle_and_a_closed_one_is_made_anew(
    bench: ab.Orchestrator,
) -> None:
    first, second = ab.LogPane(bench), ab.StatusBadge(bench)
    assert first.bundle is second.bundle is shared_bundle()
    first.bundle.close()
    third = ab.LogPane(bench)
    assert third.bundle is not first.bundle
    assert third.bundle.code == static_file("widget.js").read_text("utf-8")


def test_a_page_that_has_lost_the_model_gets_the_code_from_the_kernel(
    bench: ab.Orchestrator,
) -> None:
    pane = ab.LogPane(bench)
    end_of(pane).ask(type="bundle")
    answer = customs(pane)[-1]
    assert answer == {"type": "bundle", "code": pane.bundle.code, "styles": pane.bundle.styles}


def test_its_text_is_short_and_the_same_each_time() -> None:
    assert repr(shared_bundle()) == "ViewBundle()"


def test_a_file_that_was_not_built_says_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("autobench_nb.notebook.bundle.STATIC", tmp_path)
    with pytest.raises(FileNotFoundError, match="pip install -e"):
        static_file("widget.js")
