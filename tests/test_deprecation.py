"""What goes away works under its old name, and tells whoever uses it what takes its place."""

from __future__ import annotations

import argparse
import inspect
import warnings
from typing import Any

import pytest

from autobench_nb.cli.renamed import RenamedOption
from autobench_nb.deprecation import RenamedAttribute, renamed_argument


class Meter:
    """Has a new name for everything."""

    def __init__(self) -> None:
        self.watts = 3.0

    power = RenamedAttribute("watts", since="0.2.0")
    ask = RenamedAttribute("probe", since="0.2.0")

    @renamed_argument("period", "every_s", since="0.2.0")
    def probe(self, times: int = 1, *, every_s: float = 1.0) -> tuple[int, float]:
        return times, every_s


def warned(recorded: list[warnings.WarningMessage]) -> list[tuple[str, str]]:
    assert {one.category for one in recorded} == {DeprecationWarning}
    return [(str(one.message), one.filename) for one in recorded]


def test_an_argument_is_taken_by_its_old_name_and_the_calling_line_is_warned() -> None:
    given: dict[str, Any] = {"period": 5}
    with warnings.catch_warnings(record=True, action="always") as recorded:
        assert Meter().probe(2, **given) == (2, 5)
    words = "period of Meter.probe() is deprecated since version 0.2.0: use every_s."
    assert warned(recorded) == [(words, __file__)]


def test_its_new_name_warns_of_nothing_and_alone_stands_in_the_signature() -> None:
    assert Meter().probe(every_s=5) == (1, 5)
    assert [*inspect.signature(Meter.probe).parameters] == ["self", "times", "every_s"]
    assert Meter.probe.__name__ == "probe"


def test_both_names_at_once_are_refused() -> None:
    given: dict[str, Any] = {"period": 5}
    with pytest.raises(TypeError, match="was given every_s and its old name period: give every_s"):
        Meter().probe(every_s=1, **given)


def test_an_attribute_and_a_method_are_reached_by_their_old_names() -> None:
    meter = Meter()
    with warnings.catch_warnings(record=True, action="always") as recorded:
        assert meter.power == 3.0
        meter.power = 4.0
        assert meter.ask(3) == (3, 1.0)
    assert meter.watts == 4.0
    of_watts = ("Meter.power is deprecated since version 0.2.0: use Meter.watts.", __file__)
    of_ask = ("Meter.ask is deprecated since version 0.2.0: use Meter.probe.", __file__)
    assert warned(recorded) == [of_watts, of_watts, of_ask]


def test_who_only_looks_at_the_class_is_not_warned() -> None:
    assert isinstance(Meter.power, RenamedAttribute)


def test_an_option_is_taken_by_its_old_name_with_a_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser("autobench-nb run")
    parser.add_argument("--folder")
    parser.add_argument(
        "--directory", action=RenamedOption, new="--folder", since="0.2.0", dest="folder"
    )
    assert parser.parse_args(["--directory", "x"]).folder == "x"
    said = "autobench-nb run: --directory is deprecated since version 0.2.0: use --folder.\n"
    assert capsys.readouterr().err == said
    assert parser.parse_args(["--folder", "x"]).folder == "x"
    assert capsys.readouterr().err == ""
    assert "--directory" not in parser.format_help()
