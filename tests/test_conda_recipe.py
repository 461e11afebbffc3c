"""What conda and a forge are told is what ``pyproject.toml`` and ``.ci/run`` say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

import autobench_nb

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SECTIONS = {
    "schema_version",
    "context",
    "package",
    "source",
    "build",
    "requirements",
    "tests",
    "about",
}


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text("utf-8"))
    return loaded


def split(lines: list[str]) -> dict[str, str]:
    return {(one := Requirement(line)).name: str(one.specifier) for line in lines}


def test_the_conda_recipe_asks_for_what_the_project_asks_for() -> None:
    recipe = read("conda/recipe.yaml")
    assert set(recipe) == SECTIONS
    project = PYPROJECT["project"]
    wanted = split([*project["dependencies"], f"python{project['requires-python']}"])
    assert split(recipe["requirements"]["run"]) == wanted
    host = split(recipe["requirements"]["host"])
    assert host == {**split(PYPROJECT["build-system"]["requires"]), "python": ">=3.11", "pip": ""}
    assert recipe["context"]["version"] == autobench_nb.__version__
    assert recipe["context"]["name"] == project["name"]
    assert recipe["about"]["license"] == project["license"]
    (command,) = recipe["build"]["python"]["entry_points"]
    assert command == f"autobench-nb = {project['scripts']['autobench-nb']}"


def test_a_conda_recipe_names_no_variable_that_it_does_not_give() -> None:
    text = (ROOT / "conda" / "recipe.yaml").read_text("utf-8")
    given = set(read("conda/recipe.yaml")["context"])
    assert set(re.findall(r"\$\{\{ (\w+) \}\}", text)) == given


def test_the_forge_s_workflow_calls_what_runs_here_and_nothing_else() -> None:
    steps = read(".github/workflows/ci.yml")["jobs"]["all"]["steps"]
    assert [step["uses"] for step in steps if "uses" in step] == ["actions/checkout@v4"]
    assert [step["run"] for step in steps if "name" not in step and "run" in step] == [
        "bash .ci/run"
    ]
    assert (ROOT / ".ci" / "run").is_file()


@pytest.mark.parametrize(
    "hook", read(".pre-commit-config.yaml")["repos"][0]["hooks"], ids=lambda hook: hook["id"]
)
def test_a_hook_before_a_commit_is_one_of_the_checkout_s_own_tools(hook: dict[str, Any]) -> None:
    assert hook["language"] == "system"
    assert hook["entry"].startswith(".venv/bin/")
    tool = hook["entry"].split()[0].rpartition("/")[2]
    assert tool in {"python", "ruff", "lint-imports"}


def test_the_citation_names_this_version() -> None:
    assert read("CITATION.cff")["version"] == autobench_nb.__version__
