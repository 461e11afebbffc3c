"""``autobench-nb check`` and ``init``."""

from __future__ import annotations

from pathlib import Path

import pytest

from autobench_nb.cli.main import main
from tests.recipes.examples import COMPRESSORS


def test_the_first_recipe_is_written_is_sound_and_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    assert main(["init", str(file)]) == 0
    assert f"autobench-nb check {file}" in capsys.readouterr().out
    assert main(["check", str(file), "-p", "size=5"]) == 0
    out = capsys.readouterr().out
    assert "first: sound, 3 steps a run" in out
    assert "pack[9]  gzip -9 -c data.txt | wc -c  (after data)" in out
    assert "head -c 5 > data.txt" in out
    file.write_text("mine")
    assert main(["init", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"autobench-nb: {file} is there already, and is kept: name another file")
    assert file.read_text() == "mine"


def test_what_only_a_run_knows_stands_in_the_list_of_steps_as_it_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(
        "apiVersion: autobench/v1\nkind: Benchmark\nmetadata: {name: later}\nspec:\n  steps:\n"
        "    - {id: a, run: 'echo 1', extract: {n: {regex: '(.)'}}}\n"
        "    - {id: b, needs: [a], run: 'echo ${steps.a.n} ${steps.a.n | raw} ${run.id} ${step.id}'}\n"
        "    - {id: c, needs: [a], operator: {ask: 'is ${steps.a.n} right?'}}\n"
    )
    assert main(["check", str(file)]) == 0
    out = capsys.readouterr().out
    assert "echo ${steps.a.n} ${steps.a.n} ${run.id} b" in out
    assert "asks: is ${steps.a.n} right?" in out


def test_every_problem_is_printed_as_compilers_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(COMPRESSORS.replace("[data]", "[dta]").replace("60s", "soon"))
    assert main(["check", str(file)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(
        f"{file}:12:15: spec.steps[1].needs[0]: there is no step 'dta': did you mean data?"
    )
    assert said[1].startswith(f"{file}:17:16: spec.steps[1].timeout: 'soon' is no time")
    assert said[-1] == "2 problems"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "size"], "-p size has no value: write -p NAME=VALUE"),
        (["-p", "size=many"], "'many' is no integer"),
        (["-p", "siz=3"], "did you mean size?"),
    ],
)
def test_a_wrong_parameter_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(COMPRESSORS)
    assert main(["check", str(file), *arguments]) == 1
    assert said in capsys.readouterr().err


def test_a_recipe_that_is_not_there_is_an_error_of_the_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none.yaml")]) == 2
    assert "No such file" in capsys.readouterr().err
