"""What the pages tell people to type does what they say, and prints what they show."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from autobench_nb.errors import QueryError
from autobench_nb.logs.query import query
from tests.document_setups import SETUPS
from tests.documents import PAGES, ROOT, SHELL, Block, PageRun, blocks_of, is_shown, not_run

WITH_CODE = [page for page in PAGES if blocks_of(page)]

NOT_RUN = Counter(
    {
        "it installs": 6,
        "hardware": 4,
        "a hub": 2,
        "a cluster": 1,
        "a cell's magic": 1,
        "a journal that is followed does not end": 1,
        "it takes minutes": 1,
        "names of somebody's machine": 1,
        "two mistakes in the recipe above": 1,
    }
)
"""How many blocks cannot run here, by the first words of their reasons. A new one is to be a decision."""


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
    run = PageRun(tmp_path, SETUPS.get(named(page), {}))
    try:
        for block in blocks_of(page):
            await run.run(block)
    finally:
        run.close()
        await our_threads_have_ended()
    assert run.setups == {}, "a setup that no block asks for"


def test_every_block_that_cannot_run_here_says_why_and_is_counted() -> None:
    found = list(not_run())
    assert [block.place for block in found if not block.marks["not run"]] == []
    reasons = Counter(re.split("[;,]", block.marks["not run"])[0] for block in found)
    assert reasons == NOT_RUN


def test_every_block_says_what_it_is() -> None:
    """No language, or one that nobody looks at, is for drawings alone: they stand in architecture.md."""
    known = {*SHELL, "python", "text", "yaml", "toml", "json", "query", "query-errors", "ebnf"}
    blocks = [block for page in PAGES for block in blocks_of(page)]
    assert [block.place for block in blocks if block.kind not in {*known, ""}] == []
    drawings = {block.page for block in blocks if block.kind == ""}
    assert drawings == {"docs/architecture.md"}
    indented = [
        named(page) for page in PAGES if re.search(r"^ +```", page.read_text("utf-8"), re.M)
    ]
    assert indented == []


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
