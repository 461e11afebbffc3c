"""A recipe is read with the place of everything, and what is wrong with it is said before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import RecipeError
from autobench_nb.recipes.documents import MAX_VALUES, read_document
from autobench_nb.recipes.load import load_recipe, parse_recipe
from autobench_nb.recipes.model import Repetitions, Retries
from tests.recipes.examples import COMPRESSORS, recipe_of


def problems_of(text: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "r.yaml")
    return str(caught.value).splitlines()


def test_the_example_of_the_plan_is_sound() -> None:
    recipe = parse_recipe(COMPRESSORS)
    assert [step.id for step in recipe.spec.steps] == ["data", "pack", "report"]
    pack = recipe.spec.steps[1]
    assert pack.matrix == {"tool": ["gzip", "xz"], "level": [1, 6]}
    assert pack.retries == Retries(max=2, backoff="1s")
    assert pack.extract["packed"].better == "lower"
    assert recipe.spec.parameters["size"].unit == "byte"


def test_a_file_is_read_with_a_byte_order_mark_and_named_in_errors(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("\ufeff" + COMPRESSORS, "utf-8")
    assert load_recipe(file).metadata.name == "compressors"
    file.write_text(COMPRESSORS.replace("needs: [data]", "needs: [dta]"), "utf-8")
    with pytest.raises(
        RecipeError, match=rf"{file}:12:15: spec\.steps\[1\]\.needs\[0\]: there is no step 'dta'"
    ):
        load_recipe(file)
    file.write_bytes(b"kind: \xff")
    with pytest.raises(RecipeError, match="byte 7 is no UTF-8: save the file as UTF-8"):
        load_recipe(file)


def test_a_number_of_repetitions_may_be_open() -> None:
    repeat = "{min: 5, max: 50, until: {relative: 0.01}, budget: 2min}"
    recipe = parse_recipe(recipe_of("run: 'true'", f"repeat: {repeat}"))
    found = recipe.spec.steps[0].repeat
    assert isinstance(found, Repetitions)
    assert (found.min, found.max, found.budget) == (5, 50, "2min")


WRONG: dict[str, tuple[str, str, str]] = {
    # name: (lines of a step, the fact, the remedy)
    "unknown field": ("run: a\nrepeats: 3", "there is no repeats here", "did you mean repeat?"),
    "unknown inner field": ("run: a\nretries: {max: 1, backof: 1s}", "there is no backof here", "did you mean backoff?"),  # noqa: E501
    "no action": ("timeout: 3s", "step s does nothing", "give it one of run, call"),
    "two actions": ("run: a\nwait: 3s", "does several things: run and wait", "make a step of each"),
    "empty command": ("run: ' '", "the command is empty", "write what is to be run"),
    "empty arguments": ("run: []", "the command is empty", "write what is to be run"),
    "wrong type": ("run: a\nwarmup: many", "'many' does not fit: expected int", "docs/recipes.md"),
    "too small": ("run: a\nrepeat: 0", "0 does not fit", "docs/recipes.md"),
    "no callable": ("call: analysis", "'analysis' does not fit", "it takes module:function"),
    "bad time": ("run: a\ntimeout: 60sec", "'60sec' is no time", "it takes a number of seconds"),
    "bad part of a time": ("run: a\ntimeout: 1h 3", "'1h 3' is no time", "it takes a number of seconds"),
    "negative time": ("wait: -1", "-1.0 is no time", "it takes a number of seconds"),
    "endless time": ("wait: .inf", "inf is no time", "it takes a number of seconds"),
    "no limit": ("run: a\ntimeout: 0", "no step ends within 0 s", "leave it away"),
    "unknown need": ("run: a\nneeds: [other]", "there is no step 'other'", "the steps are s"),
    "needs itself": ("run: a\nneeds: [s]", "steps wait for each other: s -> s", "needs or edges away"),
    "unknown edge": ("run: a\nedges: {failure: halt}", "there is no step 'halt'", "the steps are s, stop, continue"),
    "edge to itself": ("run: a\nedges: {failure: s}", "leads to its own step", "use `retries`"),
    "edge that never comes": ("run: a\nedges: {timeout: stop}", "without a time limit there is no timeout", "add `timeout:`"),  # noqa: E501
    "empty axis": ("run: a\nmatrix: {x: []}", "the axis x has no value", "give it one"),
    "value twice": ("run: a\nmatrix: {x: [1, 1]}", "the axis x has a value twice", "leave one of them"),
    "bad axis": ("run: a\nmatrix: {'a b': [1]}", "'a b' is no name", "letters, digits and _ alone"),
    "bad unit": ("run: a\nextract: {m: {regex: '(.)', unit: bite}}", "'bite' is no unit", "write units as in ms"),
    "bad unit in a quotient": ("run: a\nextract: {m: {regex: '(.)', unit: MB/q}}", "'q' is no unit", "write units as in ms"),  # noqa: E501
    "bad regex": ("run: a\nextract: {m: {regex: '(a'}}", "the pattern cannot be read", "write it as RE2 has it"),
    "regex without a group": ("run: a\nextract: {m: {regex: 'a'}}", "the pattern has no group", "into parentheses"),
    "bad pointer": ("run: a\nextract: {m: {pointer: 'a/b'}}", "'a/b' is no JSON pointer", "RFC 6901"),
    "no way to a metric": ("run: a\nextract: {m: {unit: s}}", "nothing says where it is found", "one of regex, pointer, call"),  # noqa: E501
    "two ways to a metric": ("run: a\nextract: {m: {regex: '(a)', pointer: ''}}", "regex and pointer both find it", "give one"),  # noqa: E501
    "unknown metric": ("run: a\nexpect: {m: {max: 1}}", "nothing extracts m", "wall, cpu, memory"),
    "no limits": ("run: a\nexpect: {wall: {}}", "there is no limit", "give min, max or equals"),
    "limits exchanged": ("run: a\nexpect: {wall: {min: 2, max: 1}}", "both above 2 and below 1", "exchange them"),
    "repetitions exchanged": ("run: a\nrepeat: {min: 9, max: 2}", "at least 9 is more than at most 2", "exchange them"),
    "precision of nothing": ("run: a\nrepeat: {until: {metric: q}}", "nothing extracts q", "the metrics are"),
    "unknown parameter": ("run: 'a ${parameters.size}'", "${parameters.size}: there is no 'size'", "there are no parameters"),  # noqa: E501
    "unknown axis": ("run: 'a ${matrix.size}'", "${matrix.size}: there is no 'size'", "axes of the matrix"),
    "unknown namespace": ("run: 'a ${matrx.size}'", "${matrx.size} means nothing", "did you mean matrix?"),
    "unknown filter": ("run: 'a ${step.id | upper}'", "there is no upper", "the one filter is raw"),
    "within quotes": ("run: a "+'"${step.id}"', "stands within \", and is quoted itself", "take the quotes away"),
    "metric of a stranger": ("run: 'a ${steps.x.wall}'", "there is no step 'x'", "the steps are s"),
    "metric of its own": ("run: 'a ${steps.s.wall}'", "s does not wait for s", "add s to its `needs`"),
    "answer that is none": ("operator: {ask: go?, answers: ['y', 'n'], fails: ['no']}", "'no' is none of the answers", "did you mean n?"),  # noqa: E501
    "a wait has no output": ("wait: 1s\nartifacts: [a]", "a step with `wait` has no artifacts", "move it to a step with `run`"),  # noqa: E501
    "a device is not repeated": ("device: {id: d, action: on}\nrepeat: 3", "a step with `device` has no repeat", "move it to a step with `run`"),  # noqa: E501
    "a question has no environment": ("operator: {ask: go?}\nenv: {A: b}", "a step with `operator` has no env", "leave it away"),  # noqa: E501
    "a wait has no limit": ("wait: 1s\ntimeout: 2s", "a step with `wait` has no timeout", "leave it away"),
    "a recording expects nothing": ("record: {stream: c}\nexpect: {x: {min: 1}}", "a step with `record` has no expect", "leave it away"),  # noqa: E501
    "a wait for a worker": ("wait: 1s\nexecutor: lab", "a step with `wait` has no executor", "leave it away"),
    "backoff of nothing": ("run: a\nretries: {max: 1, backoff: '${parameters.x}'}", "${parameters.x}: there is no 'x'", "there are no parameters"),  # noqa: E501
    "backoff of the run": ("run: a\nretries: {max: 1, backoff: '${run.id}'}", "${run.id} is not known here", "parameters and the matrix"),  # noqa: E501
    "budget of nothing": ("run: a\nrepeat: {budget: '${matrix.x}'}", "${matrix.x}: there is no 'x'", "axes of the matrix"),  # noqa: E501
    "argument of nothing": ("device: {id: d, action: on, arguments: {v: '${matrix.x}'}}", "${matrix.x}: there is no 'x'", "axes of the matrix"),  # noqa: E501
    "recording of nobody": ("record: {stream: cam, during: [x]}", "there is no step 'x'", "the steps are s"),
    "recording of itself": ("record: {stream: cam, during: [s]}", "s would wait for the recording", "let s not need s"),
    "key twice": ("run: a\nrun: b", "the key stands here twice", "leave one of them"),
    "NUL": (r'run: "a \0"', "the text has a NUL", "take it away"),
    "half of a character": (r'run: "a \ud800"', "the text has a lone surrogate at 2", "write the character itself"),
    "a half in a name": (r'env: {"\udcff": x}', "a name here: the text has a lone surrogate", "write the character itself"),  # noqa: E501
    "a variable's name": ("run: a\nenv: {'A=B': x}", "'A=B' is no name of a variable", "write NAME: value"),
    "limit that is none": ("run: a\nexpect: {wall: {max: .nan}}", "nan is no limit", "give a number"),
    "endless limit": ("run: a\nexpect: {wall: {equals: .inf}}", "inf is no limit", "give a number"),
    "very long time": ("wait: 1e300", "1e+300 is too long", "at most 1,000,000,000 s"),
    "value written alike": ("run: a\nmatrix: {x: [1, '1']}", "the axis x has a value twice", "leave one of them"),
    "cells called alike": ("run: a\nmatrix: {x: ['a,b', a], y: [c, 'b,c']}", "two cells are called s[a,b,c]", "without commas"),  # noqa: E501
    "merged scalar": ("run: a\n<<: 5", "what << brings in is no mapping", "the alias of a mapping"),
    "tag": ("run: !!python/object:os.system a", "the tag !!python/object:os.system is not known", "leave the tag away"),
    "tag of a list": ("run: !!python/object/apply:os.system [a]", "the tag !!python/object/apply:os.system is", "leave the tag away"),  # noqa: E501
    "tag of bytes": ("run: !!binary aGVsbG8=", "the tag !!binary is not known", "leave the tag away"),
    "own tag": ("run: !env a", "the tag !env is not known", "leave the tag away"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_what_is_wrong_with_a_step_is_said_with_its_place_and_a_remedy(name: str) -> None:
    lines, fact, remedy = WRONG[name]
    said = problems_of(recipe_of(*lines.split("\n")))
    matching = [line for line in said if fact in line]
    assert matching, said
    assert remedy in matching[0].split(fact, 1)[1]
    assert matching[0].startswith("r.yaml:")
    line, column = matching[0].split(":")[1:3]
    assert 7 <= int(line) <= 8 + lines.count("\n")
    assert int(column) >= 5


def test_json_with_the_two_halves_of_a_character_is_read_as_json_has_it() -> None:
    step = {"id": "s", "run": "echo \N{GRINNING FACE} \N{LATIN SMALL LETTER E WITH ACUTE}"}
    about = {"name": "\N{GRINNING FACE}", "description": "\N{CLINKING BEER MUGS}"}
    document = {"apiVersion": "autobench/v1", "kind": "Benchmark", "metadata": about}
    text = json.dumps({**document, "spec": {"steps": [step]}})
    assert "ud83d" in text
    recipe = parse_recipe(text)
    assert recipe.spec.steps[0].run == step["run"]
    assert recipe.metadata.name == about["name"]


def test_every_problem_of_a_recipe_is_told_at_once_in_the_order_of_the_text() -> None:
    text = recipe_of("run: 'a ${matrix.x}'", "timeout: soon", "needs: [b]", "expect: {q: {max: 1}}")
    said = problems_of(text)
    assert len(said) == 4
    assert [int(line.split(":")[1]) for line in said] == [8, 9, 10, 11]


def test_a_parameters_default_must_fit_it() -> None:
    for parameter, fact in {
        "{type: integer, default: 4.5}": "4.5 is no integer",
        "{type: integer, default: true}": "True is no integer",
        "{type: number, default: x}": "'x' is no number",
        "{type: boolean, default: 1}": "1 is no boolean",
        "{type: integer, default: 3, maximum: 2}": "3 is more than its maximum",
        "{type: integer, default: 3, minimum: 4}": "3 is less than its minimum",
        "{type: string, default: c, choices: [a, b]}": "'c' is not among its choices",
        "{type: string, choices: [a, 1]}": "1 is no string",
        "{type: number, minimum: 4, maximum: 2}": "4 is above the maximum",
        "{type: string, minimum: 4}": "a string has no minimum",
        "{type: integer, unit: bite}": "'bite' is no unit",
        "{type: whole}": "'whole' does not fit",
        "{kind: integer}": "there is no kind here",
    }.items():
        text = recipe_of("run: 'true'", parameters=f"p: {parameter}")
        assert any(fact in line and ":5:" in line for line in problems_of(text)), parameter


def test_a_step_that_nothing_can_reach_is_refused() -> None:
    text = COMPRESSORS.replace("edges: {failure: report}", "edges: {ok: stop}")
    assert any(
        "step report can never run: pack stops the run" in line for line in problems_of(text)
    )
    parse_recipe(
        COMPRESSORS.replace("edges: {failure: report}", "edges: {ok: stop, failure: report}")
    )


def test_an_edge_may_not_lead_back() -> None:
    text = COMPRESSORS.replace("edges: {failure: report}", "edges: {failure: data}")
    assert any("the edge leads back: pack waits for data" in line for line in problems_of(text))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "the file is empty"),
        ("# nothing but a comment\n", "the file is empty"),
        ("word", "a recipe is a mapping"),
        ("- list", "a recipe is a mapping"),
        ("a: [", "expected"),
        ("a: 'b", "found unexpected end of stream"),
        ("\tkind: x", "found character"),
        ("a: b: c", "mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "found another document: make a file of each"),
        ("a:\n\t- b", "indent it with spaces"),
        ("a:\n  - b\n c: d", "begin it in the same column"),
        ("*nobody", "found undefined alias"),
        ("a: \0", ""),
        ("&a [*a, *a]", "nested more than"),
        ("? [1]\n: 2", "a key is no text"),
        ("kind: Benchmark\nkind: Benchmark", "the key stands here twice"),
        ("x" * 1_000_001, "1,000,001 characters are too many"),
    ],
)  # fmt: skip
def test_what_is_no_recipe_at_all_is_said_with_a_place(text: str, fact: str) -> None:
    said = problems_of(text)
    assert any(fact in line for line in said), said
    assert all(line.startswith("r.yaml:") for line in said)


def test_a_name_at_the_top_that_begins_with_x_is_the_users_own() -> None:
    text = recipe_of("<<: *common", "run: a").replace(
        "spec:", "x-common: &common {repeat: 4, warmup: 2}\nspec:", 1
    )
    step = parse_recipe(text).spec.steps[0]
    assert (step.repeat, step.warmup) == (4, 2)


def test_a_document_that_grows_from_aliases_is_not_read_to_its_end() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    assert any(f"more than {MAX_VALUES:,} values" in line for line in problems_of(text))


def test_values_are_those_of_yaml_1_2() -> None:
    document = read_document(
        "a: no\nb: on\nc: 0o17\nd: 017\ne: 12:30\nf: 2026-11-28\ng: ~\nh: 1_000\ni: yes\nj: .5\nk: 1e3"
    )
    assert document.problems == []
    value: Any = document.value
    assert (value["a"], value["b"], value["i"]) == ("no", "on", "yes")
    assert (value["c"], value["d"]) == (15, 17)
    assert (value["e"], value["f"], value["g"]) == ("12:30", "2026-11-28", None)
    assert (value["j"], value["k"]) == (0.5, 1000.0)


def test_what_is_merged_gives_way_to_what_stands_there() -> None:
    document = read_document(
        "base: &base {a: 1, b: 2}\nx: {<<: *base, b: 3}\ny: {<<: [*base, {c: 4}]}"
    )
    value: Any = document.value
    assert value["x"] == {"a": 1, "b": 3}
    assert value["y"] == {"a": 1, "b": 2, "c": 4}


@given(st.text(alphabet="abc:-[]{}&*!|>'\"#%@`,? \n\t0123$~", max_size=60))
def test_no_text_ends_the_reading_with_another_error(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    assert all(problem.text() for problem in caught.value.problems)


@given(st.data())
def test_no_damage_to_a_sound_recipe_ends_the_reading_with_another_error(
    data: st.DataObject,
) -> None:
    start = data.draw(st.integers(0, len(COMPRESSORS) - 1))
    length = data.draw(st.integers(0, 12))
    instead = data.draw(st.text(alphabet="ab0-:[]{}'\"$\n ", max_size=6))
    text = COMPRESSORS[:start] + instead + COMPRESSORS[start + length :]
    problems: tuple[Any, ...] = ()
    try:
        parse_recipe(text)
    except RecipeError as error:
        problems = error.problems
    assert all(problem.text() for problem in problems)


def test_a_step_that_is_recorded_cannot_wait_for_its_own_recording() -> None:
    text = recipe_of("record: {stream: cam, during: [last]}")
    text += "    - {id: mid, run: a, needs: [s]}\n    - {id: last, run: a, needs: [mid]}\n"
    said = problems_of(text)
    assert ["last would wait for the recording" in line for line in said] == [True]
