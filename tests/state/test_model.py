from __future__ import annotations

from typing import Any, TypedDict

import pytest

from autobench_nb.config import Config
from autobench_nb.errors import SchemaError
from autobench_nb.state import SLICES, initial_state
from autobench_nb.state.model import ROOT, AppState, JobRecord, place_of, validated
from autobench_nb.state.schema import ANY, Record, rule_of
from autobench_nb.state.values import MAX_DEPTH


def test_the_slices_are_those_of_the_wire() -> None:
    assert (
        ("version", "meta", "config", "devices", "streams", "jobs", "pno", "logs", "serverConfig")
        == SLICES
        == tuple(name for name in AppState.__annotations__ if name != "journal")
    )


def test_the_initial_state_fits_the_schema() -> None:
    config = Config(log_capacity=77)
    state = initial_state(
        started_at="2025-01-01T00:00:00Z", build="1", epoch="e", config=config, channels=("app",)
    )
    assert validated(place_of(""), state) == state
    assert state["logs"]["capacity"] == 77
    assert state["serverConfig"] == config.to_wire(("app",))
    assert state["meta"]["epoch"] == "e"


def test_every_field_of_a_job_has_a_rule() -> None:
    rule = place_of("/jobs/items/j").rule
    assert isinstance(rule, Record)
    assert rule.fields.keys() == JobRecord.__annotations__.keys()


def test_optional_fields_are_those_marked_so() -> None:
    assert place_of("/meta").rule.required == {"startedAt", "build", "status", "epoch"}
    assert place_of("/devices/a").rule.required == frozenset()
    assert ROOT.required == set(SLICES)


def test_a_place_below_a_scalar_or_beside_the_model_takes_anything() -> None:
    assert place_of("/devices/a/extra/deep").rule is ANY
    assert place_of("/meta/status/x").rule is ANY


def test_depth_counts_from_the_root() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH - 3):
        value = {"a": value}
    validated(place_of("/devices/a/x"), value)
    with pytest.raises(SchemaError, match="deeper"):
        validated(place_of("/devices/a/x/y"), value)
    with pytest.raises(SchemaError, match="deeper"):
        validated(place_of("/devices/a"), {"x": {"y": value}})


def test_a_job_record_is_checked_field_by_field() -> None:
    place = place_of("/jobs/items/j")
    record = {"status": "running", "progress": 1, "exitCode": None, "own": object}
    with pytest.raises(SchemaError) as error:
        validated(place, record)
    assert error.value.path == "/jobs/items/j/own"
    assert validated(place, {**record, "own": [1]})["own"] == [1]


def test_a_hint_without_a_rule_is_an_error_of_the_model() -> None:
    class Odd(TypedDict):
        when: complex

    with pytest.raises(TypeError, match="complex"):
        rule_of(complex)
    with pytest.raises(TypeError):
        rule_of(Odd)
    assert rule_of(Any) is ANY
