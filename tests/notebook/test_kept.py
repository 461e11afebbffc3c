"""The pictures that a notebook keeps, in a real kernel: when they are made, of what, and how seldom."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
CELLS = {
    "setup": """
import asyncio, os
import autobench_nb as ab
bench = ab.Orchestrator(name="my <rig>", environ={"AUTOBENCH_TOKEN": "-".join("the token of my rig".split())})
bench.devices.add("psu0", type="power supply", password="sword" + "fish")
""",
    "shown": "bench",
    "pane": "pane = ab.LogPane(bench, query='level>=warn'); pane",
    "work": """
bench.log("psu").warn("hot, key " + "AKIA" + "IOSFODNN7EXAMPLE")
bench.log("psu").info("not so hot")
await bench.run({"answer": lambda: 42})
""",
    "client": """
client = await ab.connect(bench.server.url)
ab.StatePane(client)
""",
    "ticker": """
shell, sent = get_ipython(), []
publish = shell.display_pub.publish
def counted(*args, **options):
    sent.append(options.get("update", False))
    publish(*args, **options)
shell.display_pub.publish = counted
for number in range(300):
    bench.log("tick").info(f"tick {number}")
    bench.state.set("/config/features", {"tick": number % 2 == 0})
    await asyncio.sleep(0.005)
shell.display_pub.publish = publish
len(sent)
""",
    "nothing": "pass",
    "closed": """
client.close()
bench.close()
""",
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook of these cells, run to its end by nbclient, as papermill and nbconvert do it."""
    nbclient = pytest.importorskip("nbclient")
    home = tmp_path_factory.mktemp("home")
    made = new_notebook(cells=[new_code_cell(code, id=name) for name, code in CELLS.items()])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    client = nbclient.NotebookClient(made, timeout=120, resources={"metadata": {"path": str(home)}})
    client.execute(env=environ)
    return made


def html_of(notebook: Any, cell: str) -> str:
    """The picture that the cell keeps."""
    (found,) = (one for one in notebook.cells if one.id == cell)
    kept: list[str] = [
        output.data["text/html"]
        for output in found.outputs
        if "text/html" in output.get("data", {})
    ]
    assert len(kept) == 1
    return kept[0]


def test_beside_each_view_stands_one_picture_of_the_last_moment(notebook: Any) -> None:
    html = html_of(notebook, "shown")
    assert "my &lt;rig&gt;" in html
    assert "It is closed." in html
    for text in ("answer", "succeeded", "42", "psu0", "power supply", "tick 299"):
        assert text in html


def test_a_pane_keeps_the_lines_of_its_query(notebook: Any) -> None:
    html = html_of(notebook, "pane")
    assert "hot, key [redacted]" in html
    assert "not so hot" not in html
    assert "tick 299" not in html


def test_a_view_of_a_client_keeps_one_too(notebook: Any) -> None:
    html = html_of(notebook, "client")
    assert "psu0:" in html
    assert "It is closed." in html


def test_no_secret_is_in_the_file(notebook: Any) -> None:
    text = nbformat.writes(notebook)
    for secret in ("the-token-of-my-rig", "swordfish", "AKIAIOSFODNN7EXAMPLE"):
        assert secret not in text


def test_what_ticks_all_the_time_makes_no_pictures(notebook: Any) -> None:
    """For 300 changes in 1.5 s: at most one of each view, since the last were made less than five seconds before."""
    (cell,) = (one for one in notebook.cells if one.id == "ticker")
    assert int(cell.outputs[-1].data["text/plain"]) <= 3


@pytest.mark.parametrize("style", ["lab", "classic", "basic"])
def test_nbconvert_shows_it(notebook: Any, style: str) -> None:
    nbconvert = pytest.importorskip("nbconvert")
    html, _ = nbconvert.HTMLExporter(template_name=style).from_notebook_node(notebook)
    pictures = re.findall(r'<div class="ab-picture">.*?</div>', html, re.S)
    assert len(pictures) == 3
    assert "42" in pictures[0]


def test_nbconvert_to_markdown_keeps_it_as_github_would(notebook: Any) -> None:
    """GitHub takes styles away: the tables stand without them."""
    nbconvert = pytest.importorskip("nbconvert")
    text, _ = nbconvert.MarkdownExporter().from_notebook_node(notebook)
    assert "<caption>Jobs (1)</caption>" in text
    assert text.count('<div class="ab-picture">') == 3
