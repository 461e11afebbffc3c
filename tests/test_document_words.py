"""Code within a sentence or a table names what there is: each attribute of ``ab``, ``bench``, ``run``, ``client``."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

import autobench_nb as ab
from autobench_nb.cli.recipes import FIRST
from tests.documents import PAGES, ROOT
from tests.leaks import nothing_is_left

ELSEWHERE = {"client.map"}
"""Dask's own client."""


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Any]]]:
    """What the pages call by these names; ``run`` may be a run of jobs or of a recipe."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "first.yaml").write_text(FIRST, "utf-8")
    with (
        nothing_is_left(),
        ab.Orchestrator(journal=folder / "lab.db", connection_file=False) as bench,
    ):
        server = bench.serve(thread=True)
        runs = [bench.run("true"), bench.run(folder / "first.yaml")]
        with ab.connect(server.url) as client:
            yield {"ab": [ab], "bench": [bench], "run": runs, "client": [client]}


def spans_of(page: Path) -> Iterator[str]:
    """The inline code of a page."""
    markdown = MarkdownIt("commonmark").enable("table")
    for token in markdown.parse(page.read_text("utf-8")):
        for one in token.children or ():
            if one.type == "code_inline":
                yield one.content.replace("\\|", "|")


def wrong_in(code: str, things: dict[str, list[Any]]) -> list[str]:
    """Attributes that none of the things has, and calls that none of them takes."""
    text = re.sub(r"^await ", "", code.replace("…", "...").strip())
    for whole in (text, f"{text.rstrip(':')}: pass"):
        try:
            tree = ast.parse(whole)
        except SyntaxError:
            continue
        return [*_wrong(tree, things)]
    return []  # a piece of shell, of a query, of a path


def _wrong(tree: ast.Module, things: dict[str, list[Any]]) -> Iterator[str]:
    if any(isinstance(one, ast.AnnAssign) for one in tree.body):
        return  # logger:bench.psu is a query
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _found(node, things) == []:
            yield ast.unparse(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = _found(node.func, things)
            if called and not any(_takes(one, node) for one in called):
                yield ast.unparse(node)


def _found(node: ast.expr, things: dict[str, list[Any]]) -> list[Any] | None:
    """What an expression may be; empty where nothing has such an attribute, None where that cannot be told."""
    if isinstance(node, ast.Name):
        return things.get(node.id)
    if not isinstance(node, ast.Attribute):
        return None
    owners = _found(node.value, things)
    if not owners:
        return owners
    return [getattr(one, node.attr) for one in owners if hasattr(one, node.attr)]


def _takes(called: Any, node: ast.Call) -> bool:
    given = [one for one in node.args if not (isinstance(one, ast.Constant) and one.value is ...)]
    if not callable(called) or any(isinstance(one, ast.Starred) for one in given):
        return callable(called)
    try:
        inspect.signature(called).bind_partial(
            *given, **{one.arg: 0 for one in node.keywords if one.arg}
        )
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_sentence_names_is_there_and_takes_what_it_is_given(
    page: Path, things: dict[str, list[Any]]
) -> None:
    wrong = {code: found for code in spans_of(page) if (found := wrong_in(code, things))}
    assert {code: found for code, found in wrong.items() if code not in ELSEWHERE} == {}


def test_a_name_that_is_none_is_found(things: dict[str, list[Any]]) -> None:
    assert wrong_in("await bench.runs('x')", things) == ["bench.runs"]
    assert wrong_in("bench.serve(prt=5)", things) == ["bench.serve(prt=5)"]
    assert wrong_in("for x in bench.trak(items):", things) == ["bench.trak"]
    assert wrong_in("x = ab.connect(...).logs; ab.Conect()", things) == ["ab.Conect"]
    assert wrong_in("bench.run(..., repeat=5)", things) == []
