"""environment.yml is read by the parsers that conda's users and pip would use; no conda server is asked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    return loaded


def project() -> dict[str, Any]:
    loaded = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    table: dict[str, Any] = loaded["project"]
    return table


def conda_specs() -> dict[str, MatchSpec]:
    lines = [line for line in environment()["dependencies"] if isinstance(line, str)]
    specs = [MatchSpec(line) for line in lines]
    return {spec.name.normalized: spec for spec in specs if spec.name is not None}


def test_every_conda_line_is_a_match_spec_with_a_name() -> None:
    lines = [line for line in environment()["dependencies"] if isinstance(line, str)]
    assert len(conda_specs()) == len(lines) > 10


def test_the_pip_lines_install_this_checkout_with_an_extra_that_exists() -> None:
    (pip,) = [line["pip"] for line in environment()["dependencies"] if isinstance(line, dict)]
    assert pip == ["-e .[test]"]
    extra = Requirement("autobench-nb[test]").extras
    assert extra <= project()["optional-dependencies"].keys()


def test_conda_gives_all_that_the_project_asks_for_with_its_lower_bounds() -> None:
    extras = project()["optional-dependencies"]
    lines = [Requirement(line) for line in [*project()["dependencies"], *extras["lab"]]]
    wanted = {line.name: str(line.specifier) for line in lines}
    given = {name: str(spec.version) for name, spec in conda_specs().items()}
    assert {name: given.get(name) for name in wanted} == wanted


def test_what_conda_gives_besides_is_asked_for_by_the_tests() -> None:
    test = {Requirement(line).name: line for line in project()["optional-dependencies"]["test"]}
    lab = {Requirement(line).name for line in project()["optional-dependencies"]["lab"]}
    needed = {Requirement(line).name for line in project()["dependencies"]}
    besides = conda_specs().keys() - needed - lab - {"python", "pip"}
    assert {name: str(conda_specs()[name].version) for name in besides} == {
        name: str(Requirement(test[name]).specifier) for name in besides
    }


def test_the_python_bound_is_the_project_s() -> None:
    assert str(conda_specs()["python"].version) == project()["requires-python"]
