"""What the pages tell people to type does what they say, and prints what they show."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from autobench_nb.errors import QueryError
from autobench_nb.logs.query import query
from tests.document_setups import CHECKS, SETUPS
from tests.documents import (
    PAGES,
    ROOT,
    SHELL,
    Block,
    PageRun,
    blocks_of,
    can_import,
    escaped,
    is_shown,
    marked,
)

WITH_CODE = [page for page in PAGES if blocks_of(page)]

NOT_RUN = Counter(
    {
        "it installs": 7,
        "it takes minutes": 1,
    }
)
"""How many blocks cannot run here, by the first words of their reasons. A new one is to be a decision."""
NEEDS = Counter({"ophyd qcodes": 1})
"""How many blocks run only where somebody has installed something, by what."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


async def our_threads_have_ended() -> None:
    """What serves on this loop needs turns of it to end."""

    def left() -> list[str]:
        return [one.name for one in threading.enumerate() if one.name.startswith("autobench-")]

    pause, deadline = threading.Event(), time.monotonic() + 10
    while left() and time.monotonic() < deadline:
        await asyncio.to_thread(pause.wait, 0.02)
    assert left() == []


@pytest.mark.parametrize("page", WITH_CODE, ids=named)
async def test_the_code_of_a_page_runs_from_top_to_bottom_and_prints_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("JUPYTER_RUNTIME_DIR", "XDG_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("AUTOBENCH_TOKEN", "a-token-of-this-test")
    run = PageRun(tmp_path, SETUPS.get(named(page), {}), CHECKS.get(named(page)))
    try:
        for block in blocks_of(page):
            await run.run(block)
    finally:
        run.close()
        await our_threads_have_ended()
    assert run.setups == {}, "a setup that no block asks for"
    assert run.checks == {}, "a check of no block"


def test_every_block_that_cannot_run_here_says_why_and_is_counted() -> None:
    found = list(marked("not run"))
    assert [block.place for block in found if not block.marks["not run"]] == []
    reasons = Counter(re.split("[;,]", block.marks["not run"])[0] for block in found)
    assert reasons == NOT_RUN
    assert Counter(block.marks["needs"] for block in marked("needs")) == NEEDS


@pytest.mark.parametrize("block", [*marked("not run")], ids=lambda block: block.place)
def test_what_is_named_by_a_block_that_cannot_run_is_there(block: Block) -> None:
    assert missing_of(block.text) == []


def test_what_the_commands_of_contributing_name_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    commands = re.findall(r"`([^`]+)`", text.partition("## Commands")[2].partition("\n`npm`")[0])
    assert len(commands) > 20
    assert [(one, missing) for one in commands if (missing := missing_of(one))] == []
    assert missing_of(
        "python -m tests.no_such --x; npm run nothing; pip install '.[none]' a/b.py"
    ) == [*("[none]", "tests.no_such", "nothing", "a/b.py")]


def missing_of(text: str) -> list[str]:
    """Extras, modules, scripts of npm and files that a command names and that are not there."""
    extras = re.findall(r"(?:autobench-nb|\.)\[(\w+)\]", text)
    modules = re.findall(r"-m (tests[.\w]*)", text)
    scripts = re.findall(r"npm run (\w+)|npm (test)", text)
    files = re.findall(r"(?<![\w/.-])((?:\w+/)+\w[\w.-]*)", text)
    known = json.loads((ROOT / "js" / "package.json").read_text("utf-8"))["scripts"]
    return [
        *(f"[{one}]" for one in extras if one not in PROJECT["optional-dependencies"]),
        *(one for one in modules if not can_import(one)),
        *(one for pair in scripts for one in pair if one and one not in known),
        *(one for one in files if not (one.startswith("build/") or (ROOT / one).exists())),
    ]


def test_what_is_shown_shows_something() -> None:
    """Dots stand for what differs each time, not for all of a line."""
    shown = [block for page in PAGES for block in blocks_of(page) if block.kind == "text"]
    assert len(shown) > 30
    hollow = [
        block.place
        for block in shown
        if not all(re.findall(r"[^.\s]", line) for line in block.text.split("\n")[:-1] if line)
    ]
    assert hollow == []


def test_every_block_says_what_it_is() -> None:
    """No language, or one that nobody looks at, is for drawings alone: they stand in architecture.md."""
    known = {*SHELL, "python", "text", "yaml", "toml", "json", "query", "query-errors", "ebnf"}
    blocks = [block for page in PAGES for block in blocks_of(page)]
    assert [block.place for block in blocks if block.kind not in {*known, ""}] == []
    drawings = {block.page for block in blocks if block.kind == ""}
    assert drawings == {"docs/architecture.md"}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_block_that_a_reader_sees_escapes(page: Path) -> None:
    text = page.read_text("utf-8")
    assert escaped(text) == []
    included = re.findall(r"^```\{include\} (\S+)$", text, re.M)
    beside = {*PAGES, ROOT / "CHANGELOG.md"}
    assert [one for one in included if (page.parent / one).resolve() not in beside] == []


@pytest.mark.parametrize(
    "text",
    [
        "words\n\n    bench.run('x')\n",
        "~~~python\nbench.run('x')\n~~~\n",
        "````python\nbench.run('x')\n````\n",
        "- a point\n\n  ```python\n  bench.run('x')\n  ```\n",
        "> ```python\n> bench.run('x')\n> ```\n",
        "1. a step\n\n       bench.run('x')\n",
        "```{code-block} python\nbench.run('x')\n```\n",
        "```{note}\nbench.run('x')\n```\n",
        "```{eval-rst}\n.. code-block:: python\n\n   bench.run('x')\n```\n",
        "<pre>bench.run('x')</pre>\n",
        "```python\nnever ended\n",
    ],
)
def test_a_block_in_another_dress_is_noticed(text: str) -> None:
    assert escaped("```python\n1\n```\n\n" + text) != []
    assert escaped("```python\n1\n```\n") == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_link_says_in_words_where_it_leads(page: Path) -> None:
    assert re.findall(r"\[[^\]\[]*\.(?:md|ipynb|cff)\]\(", page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        line
        for page in PAGES
        for block in blocks_of(page)
        if block.kind == "query-errors"
        for line in block.text.splitlines()
    ],
)
def test_a_query_that_is_shown_as_wrong_is_refused_in_these_words(line: str) -> None:
    asked, words = re.split(r"\s{2,}", line, maxsplit=1)
    with pytest.raises(QueryError) as refused:
        query.parse(asked)
    assert str(refused.value) == words


def test_a_block_that_raises_names_its_place_and_output_that_differs_is_noticed(
    tmp_path: Path,
) -> None:
    page = ROOT / "docs" / "start.md"
    assert all(block.line > 1 for block in blocks_of(page))
    assert is_shown("a ... c", "a b c")
    assert not is_shown("a ... c", "a b d")


async def test_what_is_shown_and_not_printed_fails(tmp_path: Path) -> None:
    run = PageRun(tmp_path, {})
    await run.run(Block("page.md", 1, "bash", "echo 1"))
    await run.run(Block("page.md", 2, "text", "1\n"))
    with pytest.raises(AssertionError, match=r"page\.md:3 shows"):
        await run.run(Block("page.md", 3, "text", "2\n"))
    with pytest.raises(AssertionError, match=r"page\.md:4: exit status 3"):
        await run.run(Block("page.md", 4, "bash", "exit 3"))
    with pytest.raises(ZeroDivisionError):
        await run.run(Block("page.md", 5, "python", "1 / 0"))
