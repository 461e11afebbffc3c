"""The house rules that a tool can hold: one word for one thing, modules and functions of a readable size."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "autobench_nb").rglob("*.py"))
PYTHON = [*PACKAGE, *sorted((ROOT / "tests").rglob("*.py"))]
TYPESCRIPT = sorted(
    path for pattern in ("*.ts", "*.tsx") for path in (ROOT / "js" / "src").rglob(pattern)
)
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 80
PRONOUNS = re.compile(r"(?:It|They|These|Those|This|He|She|We|You)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def definitions(path: Path) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Every class and function of a module with its dotted name."""

    def below(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield f"{prefix}{child.name}", child
                yield from below(child, f"{prefix}{child.name}.")
            else:
                yield from below(child, prefix)

    yield from below(ast.parse(path.read_text("utf-8")), "")


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in PACKAGE:
        for name, node in definitions(path):
            if isinstance(node, ast.ClassDef):
                homes[name.rpartition(".")[2]].append(name_of(path))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", [*PYTHON, *TYPESCRIPT], ids=name_of)
def test_a_module_can_be_read_at_a_sitting(path: Path) -> None:
    if path.name.endswith(".gen.ts"):
        return
    in_package = path in PACKAGE or path in TYPESCRIPT
    limit = MAX_MODULE_LINES if in_package else 2 * MAX_MODULE_LINES
    assert len(path.read_text("utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_function_can_be_seen_at_once(path: Path) -> None:
    long = {
        name: lines
        for name, node in definitions(path)
        if not isinstance(node, ast.ClassDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", PACKAGE, ids=name_of)
def test_a_public_docstring_names_its_subject(path: Path) -> None:
    riddles = {
        name: said.splitlines()[0]
        for name, node in definitions(path)
        if not any(part.startswith("_") for part in name.split("."))
        and (said := ast.get_docstring(node))
        and PRONOUNS.match(said)
    }
    assert riddles == {}


def test_what_the_tree_holds_is_checked_at_all() -> None:
    assert len(PACKAGE) > 100
    assert len(TYPESCRIPT) > 50
    names = dict(definitions(Path(__file__)))
    assert "definitions.below" in names
    assert PRONOUNS.match("It starts.")
    assert not PRONOUNS.match("Starts the job.")
