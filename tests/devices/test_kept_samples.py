"""Samples that outlive the process: made few enough, bounded, written as they come; and what a form is made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autobench_nb as ab
from autobench_nb.devices.decimate import Decimator
from autobench_nb.devices.declared import declared
from autobench_nb.devices.device import Action
from autobench_nb.errors import ConfigError
from autobench_nb.journal.retention import forget_old_samples
from tests.devices.test_supervisor import Lamp, until


def test_a_stretch_has_the_mean_the_least_and_the_most_of_each_quantity() -> None:
    kept = Decimator(10)
    assert kept.add(100.0, {"watts": 2, "lit": True, "name": "a"}) is None
    assert kept.add(104.0, {"watts": 4.0}) is None
    assert kept.add(109.9, {"watts": 9, "volts": 5}) is None
    ended = kept.add(110.0, {"watts": 1})
    assert ended is not None
    assert (ended.at, ended.samples) == (100.0, 3)
    assert ended.span_s == pytest.approx(9.9)
    assert ended.values == {"watts": (5.0, 2.0, 9.0), "volts": (5.0, 5.0, 5.0)}
    last = kept.end()
    assert last is not None
    assert last.detail() == {"spanS": 0.0, "samples": 1, "values": {"watts": [1.0, 1.0, 1.0]}}
    assert kept.end() is None


def test_what_is_no_number_and_what_has_no_number_leaves_nothing() -> None:
    kept = Decimator(1)
    kept.add(0.0, {"watts": float("nan"), "volts": float("inf"), "lit": True})
    assert kept.add(1.0, {"watts": 3.0}) is None
    kept.add(1.5, {"watts": float("nan")})
    ended = kept.end()
    assert ended is not None
    assert ended.values == {"watts": (3.0, 3.0, 3.0)}


def test_a_clock_that_goes_back_begins_a_stretch_of_its_own() -> None:
    kept = Decimator(10)
    kept.add(100.0, {"watts": 1})
    ended = kept.add(50.0, {"watts": 2})
    assert ended is not None
    assert ended.values["watts"] == (1.0, 1.0, 1.0)


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6)), min_size=1, max_size=200),
    st.floats(1, 3600),
)
def test_no_sample_is_lost_and_none_is_counted_twice(
    samples: list[tuple[float, float]], every_s: float
) -> None:
    kept = Decimator(every_s)
    ended = [kept.add(at, {"v": value}) for at, value in sorted(samples)]
    stretches = [one for one in [*ended, kept.end()] if one is not None]
    assert sum(one.samples for one in stretches) == len(samples)
    assert min(one.values["v"][1] for one in stretches) == min(value for _, value in samples)
    assert max(one.values["v"][2] for one in stretches) == max(value for _, value in samples)
    assert all(one.span_s <= every_s for one in stretches)


def test_samples_are_in_the_journal_when_the_orchestrator_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    settings = ab.Journal(path, samples_every_s=1)
    lamp = Lamp()
    with ab.Orchestrator(connection_file=False, journal=settings) as bench:
        bench.devices.add(lamp, every_s=0.02)
        bench.devices["lamp"].do("on", watts=40)
        until(lambda: len(bench.devices.samples("lamp")) > 3)
        until(lambda: len(bench.journal.samples("lamp")) > 0)  # type: ignore[union-attr]
        assert "sample" not in set(bench.journal.devices()["event"])  # type: ignore[union-attr]
    with ab.open_journal(path) as journal:
        frame = journal.samples("lamp")
        assert list(frame.columns)[:7] == [
            *("device_id", "ts", "span_s", "samples"),
            *("watts", "watts_min", "watts_max"),
        ]
        assert frame["watts_max"].max() == 40
        assert (frame["span_s"] <= 1).all()
        assert journal.samples("other").empty
        # The last stretch, which had not come to its end, is there too.
        assert frame["samples"].sum() >= 4


def test_who_asks_for_no_samples_has_none_in_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    settings = ab.Journal(path, samples_every_s=None)
    with ab.Orchestrator(connection_file=False, journal=settings) as bench:
        bench.devices.add(Lamp(), every_s=0.02)
        until(lambda: len(bench.devices.samples("lamp")) > 3)
    with ab.open_journal(path) as journal:
        assert journal.samples().empty
        assert set(journal.devices()["event"]) == {"status"}


@pytest.mark.parametrize("every_s", [0, 0.5, -1, True, "10", float("nan"), 3601])
def test_a_stretch_that_is_no_time_is_refused(every_s: Any) -> None:
    with pytest.raises(ConfigError, match="samples_every_s"):
        ab.Journal("lab.db", samples_every_s=every_s)


def test_only_the_newest_samples_stay_and_nothing_else_goes(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with ab.Orchestrator(connection_file=False, journal=path) as bench:
        bench.devices.add(Lamp(), every_s=5)
        until(lambda: bench.devices["lamp"]["status"] == "ok")
    connection = sqlite3.connect(path)
    told = connection.execute("SELECT count(*) FROM devices WHERE event != 'sample'").fetchone()[0]
    connection.executemany(
        "INSERT INTO devices (device_id, at_ms, event, detail) VALUES ('lamp', ?, 'sample', '{}')",
        [(n,) for n in range(50)],
    )
    forget_old_samples(connection, 10)
    left = connection.execute("SELECT at_ms FROM devices WHERE event = 'sample'").fetchall()
    rest = connection.execute("SELECT count(*) FROM devices WHERE event != 'sample'").fetchone()[0]
    connection.close()
    assert [at for (at,) in left] == list(range(40, 50))
    assert rest == told


# --- what a function declares


def test_an_action_tells_the_types_choices_and_defaults_that_it_declares() -> None:
    def drive(
        speed: float,
        turns: int | None = None,
        way: Literal["left", "right"] = "left",
        *,
        soft: bool = False,
        **more: Any,
    ) -> None:
        """Drive."""

    assert declared(drive) == {
        "types": {"speed": "number", "turns": "integer", "soft": "boolean"},
        "choices": {"way": ["left", "right"]},
        "defaults": {"way": "left", "soft": False},
    }
    spec = Action(drive).spec()
    assert spec["args"] == ["speed", "turns", "way", "soft"]
    assert spec["types"]["speed"] == "number"


def test_annotations_that_nobody_can_read_are_no_types_and_no_error() -> None:
    def odd(a: NoSuchThing, b: int, c: Mapping[str, int], d: 7, e: str | None = None) -> None:  # type: ignore[name-defined, valid-type]  # noqa: F821
        """Odd."""

    assert declared(odd) == {"types": {"b": "integer", "e": "text"}}
    assert Action(print).spec()["args"] == ["sep", "end", "file", "flush"]
    assert Action(lambda **args: args).spec() == {"about": "", "args": [], "required": []}
