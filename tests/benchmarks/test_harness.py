from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import publish
from tests.benchmarks.harness import (
    Benchmark,
    MissingPeer,
    Row,
    fraction,
    machine,
    measure,
    number,
    peer,
    race,
    table,
)


def test_a_row_holds_when_its_ratio_keeps_to_the_goal() -> None:
    assert Row("a", 1, "us", "p", 4, 0.25).holds is True
    assert Row("a", 1, "us", "p", 3, 0.25).holds is False
    assert Row("a", 9, "/s", "p", 3, 3, better="more").holds is True
    assert Row("a", 8, "/s", "p", 3, 3, better="more").holds is False
    assert Row("a", 1, "us", "p", None, 3).holds is None
    assert Row("a", 1, "us", "p", 3, None).holds is None


def test_ratios_are_said_as_people_say_them() -> None:
    assert fraction(1 / 20_000) == "1/20,000"
    assert fraction(1.5) == "1.5x"
    assert fraction(None) == "-"
    assert number(1234.5) == "1,234"
    assert number(0) == "0"


def test_the_table_is_aligned_and_numbers_its_notes() -> None:
    text = table(
        [Row("one", 1, "us", "p", 2, 1.0, "why"), Row("longer name", 1000, "us", "", None, None)]
    )
    lines = text.splitlines()
    assert len({len(line) for line in lines[:4]}) == 1
    assert "one [1]" in lines[2]
    assert lines[-1] == "[1] why"


def test_contestants_take_turns() -> None:
    turns: list[str] = []
    race({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=3, round_s=0.0)
    assert turns[-6:] == ["a", "b", "b", "a", "a", "b"]
    assert measure(lambda: None, rounds=1, round_s=0.0) > 0


def test_a_peer_that_is_not_installed_is_named() -> None:
    with pytest.raises(MissingPeer, match="no-such-package"):
        peer("no_such_module", "no-such-package")
    assert peer("json") is json


def test_the_machine_is_named() -> None:
    assert "cores" in machine()


def test_rows_are_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacks(quick: bool) -> list[Row]:
        raise MissingPeer("spam")

    known = [
        Benchmark("first", lambda quick: [Row("works", 1, "us", "peer", 2, 1.0, str(quick))]),
        Benchmark("second", lacks),
    ]
    monkeypatch.setattr(command, "discover", lambda: iter(known))
    file = tmp_path / "rows.json"
    assert command.main(["--quick", "--json", str(file)]) == 0
    rows = json.loads(file.read_text())
    assert rows[0] == {
        "name": "works",
        "value": 1,
        "unit": "us",
        "peer": "peer",
        "peer_value": 2,
        "ratio": 0.5,
        "goal": 1.0,
        "holds": True,
        "better": "less",
        "note": "True",
    }
    assert rows[1]["holds"] is None
    assert "spam is not installed" in rows[1]["note"]
    assert "spam is not installed" in capsys.readouterr().out
    assert command.main(["--only", "first", "--json", str(file)]) == 0
    assert len(json.loads(file.read_text())) == 1
    with pytest.raises(SystemExit):
        command.main(["--only", "none"])
    assert "first, second" in capsys.readouterr().err


def test_the_benchmarks_of_the_state_are_found() -> None:
    names = [benchmark.name for benchmark in command.discover()]
    assert "state-mutation" in names
    assert len(set(names)) == len(names)


def test_figures_go_through_the_file_into_a_narrow_table() -> None:
    rows = [
        Row("met [1]", 1, "us", "p", 4, 0.25, "a note"),
        Row("missed", 1, "us", "p", 2, 0.25),
        Row("only told", 1, "us", "p", 2, None),
    ]
    again = publish.rows_of(json.dumps([row.to_json() for row in rows]))
    assert again == rows
    assert publish.brief(again[:2]).splitlines() == [
        "| what | ours | unit | peer | peer's | ratio | goal | holds |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: | --- |",
        "| met [1] | 1 | us | p | 4 | 0.25x | <= 0.25x | yes |",
        "| missed | 1 | us | p | 2 | 0.5x | <= 0.25x | **no** |",
    ]


def test_the_readme_has_ten_rows_and_a_run_that_lacks_one_is_refused() -> None:
    rows = [Row(name, 1, "us", peer, 4, 0.25) for name, peer in reversed(publish.CHOSEN)]
    assert [(row.name, row.peer) for row in publish.chosen(rows)] == list(publish.CHOSEN)
    assert len(publish.CHOSEN) == 10
    with pytest.raises(KeyError, match="jsonpatch"):
        publish.chosen(rows[:-1])
