"""What a run of a recipe consists of: parameters, the matrix, expressions, order."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.errors import RecipeError
from autobench_nb.recipes.expressions import expressions_of, filled
from autobench_nb.recipes.graph import Waiting, circle_of, in_order
from autobench_nb.recipes.load import parse_recipe
from autobench_nb.recipes.model import Metadata, Recipe, Spec, Step
from autobench_nb.recipes.plan import plan_steps
from autobench_nb.recipes.quantities import seconds_of, wrong_unit
from autobench_nb.recipes.schema import recipe_schema, schema_text
from tests.recipes.examples import COMPRESSORS, recipe_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_matrix_is_spread_out_and_who_needs_it_waits_for_every_cell() -> None:
    planned = plan_steps(parse_recipe(COMPRESSORS), {"size": 12})
    cells = ["pack[gzip,1]", "pack[gzip,6]", "pack[xz,1]", "pack[xz,6]"]
    assert [step.id for step in planned] == ["data", *cells, "report"]
    assert [step.needs for step in planned] == [(), *[("data",)] * 4, tuple(cells)]
    lines = [
        step.fill(step.step.run, shell=True) for step in planned if isinstance(step.step.run, str)
    ]
    assert lines[0] == "head -c 12 /dev/urandom > data.bin"
    assert lines[1:] == [
        f"{tool} -{level} -kc data.bin | wc -c" for tool in ("gzip", "xz") for level in (1, 6)
    ]


def test_a_recipe_made_in_python_is_planned_as_one_from_yaml() -> None:
    steps = [
        Step(id="b", run=["echo", "${matrix.x}"], matrix={"x": [1, 2]}, needs=["a"]),
        Step(id="a", run="true"),
    ]
    planned = plan_steps(Recipe(metadata=Metadata(name="p"), spec=Spec(steps=steps)))
    assert [step.id for step in planned] == ["a", "b[1]", "b[2]"]
    assert planned[2].fill("${matrix.x} ${step.id}") == "2 b"


@pytest.mark.parametrize(
    ("given_values", "fact"),
    [
        ({"siz": 3}, "siz: the recipe has no parameter siz: did you mean size?"),
        ({"size": "many"}, "size: 'many' is no integer: give a value of type integer"),
        ({"size": 0.5}, "size: 0.5 is no integer"),
        ({"size": 12, "speed": None}, "speed: it has no default and no value was given: give speed=VALUE"),
    ],
)  # fmt: skip
def test_what_a_parameter_cannot_be_is_said(given_values: dict[str, object], fact: str) -> None:
    recipe = parse_recipe(
        recipe_of("run: a", parameters="size: {type: integer, default: 1}, speed: {type: number}")
    )
    with pytest.raises(RecipeError) as caught:
        plan_steps(recipe, {"speed": 1.0, **given_values})
    assert fact in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("integer", "1_000", "1000"), ("number", "1e3", "1000"), ("number", "2.5", "2.5"), ("boolean", "yes", "true"),
     ("boolean", "False", "false"), ("string", "12", "12"), ("string", "", "''")],
)  # fmt: skip
def test_a_text_from_the_command_line_is_read_as_the_parameters_type(
    kind: str, text: str, value: str
) -> None:
    recipe = parse_recipe(recipe_of("run: 'a ${parameters.p}'", parameters=f"p: {{type: {kind}}}"))
    (planned,) = plan_steps(recipe, {"p": text})
    assert planned.fill("a ${parameters.p}", shell=True) == f"a {value}"


def test_a_time_with_an_expression_is_checked_when_its_value_is_known() -> None:
    text = recipe_of(
        "run: a",
        "timeout: '${parameters.limit}'",
        "retries: {max: 1, backoff: '${parameters.pause}'}",
        parameters="limit: {type: string, default: 5s}, pause: {type: string, default: soon}",
    )
    recipe = parse_recipe(text)
    with pytest.raises(RecipeError, match=r"s\.backoff: 'soon' is no time"):
        plan_steps(recipe)
    (plan,) = plan_steps(recipe, {"pause": "1min"})
    assert (plan.seconds(plan.step.timeout), plan.seconds("${parameters.pause}")) == (5, 60)


def test_a_value_that_is_an_expression_alone_keeps_its_type() -> None:
    recipe = parse_recipe(recipe_of("run: a", "matrix: {port: [1, 2.5, true]}"))
    plans = plan_steps(recipe)
    assert [plan.value_of("${matrix.port}") for plan in plans] == [1, 2.5, True]
    assert [plan.value_of("p${matrix.port}") for plan in plans] == ["p1", "p2.5", "ptrue"]
    assert plans[0].value_of(7) == 7


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=3)
)
def test_a_shell_gets_every_value_as_one_argument(values: list[str]) -> None:
    names = {f"matrix.v{number}": value for number, value in enumerate(values)}
    line = filled(
        "printf '%s\\0' x " + " ".join(f"${{{name}}}" for name in names), names, shell=True
    )
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode("utf-8").split("\0") == ["x", *values, ""]


def test_what_is_the_shells_own_stays_the_shells() -> None:
    text = "echo ${HOME} $HOME ${x:-a.b} $${parameters.a} ${#x} ${x%.*}"
    assert list(expressions_of(text)) == []
    assert filled(text, {}, shell=True) == text.replace("$${", "${")


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("${step.id}", ""),
        ("'${step.id}'", "'"),
        ('"${step.id}"', '"'),
        ("'a' ${step.id}", ""),
        ('"a\\"${step.id}"', '"'),
        ("\\'${step.id}", ""),
        ("'\\' ${step.id}", ""),
        ("\"'${step.id}'\"", '"'),
        ("echo # it's\n${step.id}", ""),
        ("echo a#'${step.id}'", "'"),
    ],
)
def test_an_expression_knows_the_quotes_around_it(text: str, quote: str) -> None:
    (found,) = expressions_of(text)
    assert found.quote == quote


NAMES = st.sampled_from("abcdef")
NEEDS = st.dictionaries(NAMES, st.lists(NAMES, max_size=3, unique=True), max_size=6).map(
    lambda needs: {
        name: [need for need in wanted if need in needs] for name, wanted in needs.items()
    }
)


@given(NEEDS)
def test_each_step_comes_after_what_it_needs_or_lies_behind_a_circle(
    needs: dict[str, list[str]],
) -> None:
    order = in_order(needs)
    for name in order:
        assert all(order.index(need) < order.index(name) for need in needs[name])
    circle = circle_of(needs)
    assert bool(circle) == (len(order) < len(needs))
    assert all(after in needs[before] for before, after in itertools.pairwise(circle))
    left = set(needs) - set(order)
    assert all(any(need in left for need in needs[name]) for name in left)


@given(NEEDS)
def test_a_step_waits_for_what_it_needs_and_for_all_that_those_wait_for(
    needs: dict[str, list[str]],
) -> None:
    waiting = Waiting(needs)
    for other in needs:
        found = {name for name in needs if waiting.waits_for(name, other)}
        for name, wanted in needs.items():
            assert (name in found) == any(need == other or need in found for need in wanted)


class Looked(dict[str, list[str]]):
    """Needs that count how often they were looked up."""

    looks = 0

    def get(self, name: str, default: Any = None) -> Any:
        self.looks += 1
        return super().get(name, default)


def test_whether_a_step_waits_for_a_later_one_is_known_without_looking_at_all_others() -> None:
    names = [f"s{number}" for number in range(500)]
    needs = Looked({name: [before] for before, name in itertools.pairwise(names)})
    needs["s0"] = []
    waiting = Waiting(needs)
    needs.looks = 0
    assert not any(waiting.waits_for(name, later) for name, later in itertools.pairwise(names))
    assert all(waiting.waits_for(later, name) for name, later in itertools.pairwise(names))
    assert needs.looks <= 4 * len(names)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(3, 3.0), (0.25, 0.25), ("90s", 90.0), ("1.5min", 90.0), ("1h30min", 5400.0), ("1h 30m", 5400.0), ("250ms", 0.25),
     ("10us", 1e-5), ("10µs", 1e-5), (".5s", 0.5), ("2d", 172800.0), ("0s", 0.0)],
)  # fmt: skip
def test_a_time_is_read_as_people_write_it(text: float | str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "3",
        "3 sec",
        "-3s",
        "1h-3s",
        "1e3s",
        "3s!",
        "inf",
        "nan",
        "3S",
        True,
        -1,
        float("nan"),
    ],
)
def test_what_is_no_time_is_refused_in_words(text: float | str) -> None:
    with pytest.raises(ValueError, match="is no time: it takes a number of seconds"):
        seconds_of(text)


@pytest.mark.parametrize(
    "unit",
    [
        "s",
        "ms",
        "µs",
        "byte",
        "B",
        "KiB",
        "MB/s",
        "W",
        "kWh",
        "W*h",
        "m/s^2",
        "1",
        "%",
        "1/s",
        "{image}/s",
        "°C",
        "dBm",
        "token/s",
        "Gbit/s",
        "Hz",
    ],
)
def test_units_of_benchmarks_are_known(unit: str) -> None:
    assert wrong_unit(unit) is None


@pytest.mark.parametrize(
    ("unit", "wrong"),
    [
        ("bite", "bite"),
        ("MB/sec", "sec"),
        ("", ""),
        ("Mi", "Mi"),
        ("s^^2", "s^^2"),
        ("{}", "{}"),
        ("a b", "a b"),
        ("ms/", "ms/"),
    ],
)
def test_what_is_no_unit_is_named(unit: str, wrong: str) -> None:
    assert wrong_unit(unit) == wrong


def test_the_published_schema_is_what_the_model_gives() -> None:
    """When it differs: ``python -m tests.recipes.generate``."""
    assert (ROOT / "docs/recipe.schema.json").read_text("utf-8") == schema_text()


def test_the_schema_takes_what_the_loader_takes() -> None:
    from ruamel.yaml import YAML

    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    value = json.loads(json.dumps(YAML(typ="safe", pure=True).load(COMPRESSORS)))
    assert list(check.iter_errors(value)) == []
    damages: list[dict[str, object]] = [
        {"kind": "Bench"},
        {"spec": {"steps": []}},
        {"metadata": {}},
        {"more": 1},
    ]
    for damage in damages:
        assert list(check.iter_errors({**value, **damage})), damage
