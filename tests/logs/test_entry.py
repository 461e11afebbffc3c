"""Levels, channels, entries and their form on the wire."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.contract.colors import COLORS
from autobench_nb.logs import Channels, Level, LogEntry
from autobench_nb.logs.channels import NEUTRAL_EMOJI, REGISTRY_LIMIT
from autobench_nb.logs.text import FIELDS_LIMIT, VALUE_LIMIT, clean, cut_exc, dump_fields, flatten


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("warning", Level.WARN),
        ("WARN", Level.WARN),
        ("critical", Level.FATAL),
        (" Info ", Level.INFO),
        (30, Level.WARN),
        (35, Level.WARN),
        (5, Level.DEBUG),
        (0, Level.DEBUG),
        (99, Level.FATAL),
        (Level.ERROR, Level.ERROR),
    ],
)
def test_a_level_is_read_from_names_and_numbers(given: object, level: Level) -> None:
    assert Level.parse(given) is level


@pytest.mark.parametrize("given", ["loud", "", None, True, math.nan, [30]])
def test_what_is_no_level_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="no log level"):
        Level.parse(given)


def test_the_wire_names_of_the_levels() -> None:
    assert [level.wire for level in Level] == ["debug", "info", "warn", "error", "fatal"]


def test_known_channels_have_their_emoji_and_colour() -> None:
    channels = Channels()
    assert channels.get("benchmark") == ("benchmark", "⏱️", "green")
    assert channels.get("powermeter").emoji == "🔌"
    assert {"websocket", "app", "request", "sidecar", "ffmpeg"} <= set(channels.names)


def test_the_channels_that_meet_in_a_notebook_differ_in_colour() -> None:
    meet = [*("app", "benchmark", "job", "python", "request", "websocket")]
    assert len({Channels().get(name).color for name in meet}) == len(meet)


def test_a_new_channel_looks_the_same_everywhere() -> None:
    first, second = Channels(), Channels()
    second.get("other")
    assert first.get("psu-7") == second.get("psu-7")
    assert first.get("psu-7").emoji == NEUTRAL_EMOJI
    assert first.get("psu-7").color in COLORS


def test_the_version_tells_of_new_channels_and_new_looks_only() -> None:
    channels = Channels()
    channels.get("app")
    assert channels.version == 0
    channels.get("psu")
    channels.get("psu")
    assert channels.version == 1
    channels.register("psu", emoji="⚡")
    channels.register("psu", emoji="⚡")
    assert channels.version == 2
    assert channels.names[-1] == "psu"


def test_channels_made_up_without_end_are_not_all_remembered() -> None:
    channels = Channels()
    for number in range(2 * REGISTRY_LIMIT):
        channels.get(f"c{number}")
    assert len(channels) == REGISTRY_LIMIT
    assert channels.get("c1999").name == "c1999"


ENTRIES = st.builds(
    LogEntry,
    seq=st.integers(0, 2**53),
    ts=st.floats(0, 4e12),
    channel=st.text(max_size=9),
    emoji=st.just("📦"),
    color=st.just("blue"),
    level=st.sampled_from(Level),
    message=st.text(),
    logger=st.none() | st.text(max_size=9),
    job_id=st.none() | st.text(max_size=9),
    fields=st.none()
    | st.dictionaries(st.text(max_size=5), st.integers(-9, 9) | st.text(max_size=5), min_size=1),
    step_id=st.none(),
    device_id=st.none(),
    exc=st.none() | st.text(min_size=1),
    cut=st.none() | st.integers(0, 2**53),
)


@given(ENTRIES)
def test_an_entry_survives_the_wire(entry: LogEntry) -> None:
    assert LogEntry.from_wire(orjson.loads(orjson.dumps(entry.to_wire()))) == entry


def test_an_entry_of_the_plans_first_client_is_read_and_unknown_keys_are_ignored() -> None:
    wire = {"seq": 1, "ts": 5, "channel": "app", "emoji": "📦", "color": "blue", "level": "info"}
    entry = LogEntry.from_wire({**wire, "message": "hi", "colour": 1})
    assert (entry.ts, entry.level, entry.logger, entry.cut) == (5.0, Level.INFO, None, None)


@pytest.mark.parametrize(
    "wire", [{}, {"seq": 1, "ts": None, "channel": "a", "level": "info", "message": ""}]
)
def test_what_is_no_entry_is_refused(wire: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no log entry"):
        LogEntry.from_wire(wire)


def test_text_that_utf8_cannot_carry_is_shown_as_what_it_is() -> None:
    undecodable = b"a\xffb".decode("utf-8", "surrogateescape")
    assert clean(undecodable) == "a\\xffb"
    assert clean("\ud800!") == "\\ud800!"
    assert clean(b"a\xffb") == "a\\xffb"


def test_fields_are_flattened_with_dots_and_share_nothing() -> None:
    inner = {"b": 1, "c": [1, {"d": 2}], "e": {}}
    flat = flatten({"a": inner, "x": None, 3: True})
    inner["b"] = 9
    assert flat == {"a.b": 1, "a.c": '[1,{"d":2}]', "a.e": "{}", "x": None, "3": True}


def test_values_that_json_has_no_word_for_become_their_text() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    flat = flatten(
        {
            "nan": math.nan,
            "inf": -math.inf,
            "big": 2**60,
            "np": np.float32(1.5),
            "t": moment,
            "odd": Odd(),
            "s": "\udcff",
        }
    )
    assert flat["nan"] == "nan"
    assert flat["inf"] == "-inf"
    assert flat["big"] == str(2**60)
    assert flat["np"] == 1.5
    assert flat["t"] == repr(moment)
    assert "repr cannot be had" in flat["odd"]
    assert flat["s"] == "\\xff"
    orjson.loads(dump_fields(flat))


def test_fields_are_bounded_and_say_so() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert len(flatten(endless)) == 1
    flat = flatten({str(number): number for number in range(10_000)})
    assert len(flat) == FIELDS_LIMIT + 1
    assert flat["…"] == "9,744 more fields left out"
    assert len(flatten({"long": "x" * 100_000})["long"]) < VALUE_LIMIT + 50


def test_a_long_traceback_keeps_its_head_and_its_last_line() -> None:
    text = cut_exc("Traceback\n" + "x" * 100_000 + "\nValueError: last")
    assert text.startswith("Traceback")
    assert text.endswith("ValueError: last")
    assert "cut: 67,2" in text


@given(
    st.dictionaries(
        st.text() | st.integers(),
        st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists),
    )
)
def test_any_fields_become_a_flat_json_object(fields: dict[Any, Any]) -> None:
    loaded = orjson.loads(dump_fields(flatten(fields)))
    assert all(not isinstance(value, (dict, list)) for value in loaded.values())
