"""What a pane is told from Python is checked there, with what it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.errors import ConfigError, QueryError
from autobench_nb.notebook.options import COLUMNS, MAX_CONTEXT, pane_options

PREFS = Path(__file__).resolve().parents[2] / "js" / "src" / "views" / "log" / "model" / "prefs.ts"


def test_what_is_left_out_is_the_user_s_own_choice() -> None:
    given = {"query": "level>=warn", "wrap": False, "order": None, "columns": ("time", "message")}
    assert pane_options(given) == {
        "query": "level>=warn",
        "wrap": False,
        "columns": ["time", "message"],
    }


@pytest.mark.parametrize(
    ("option", "takes"),
    [
        ({"order": "newset"}, '"newest" or "oldest"'),
        ({"mode": "find"}, '"filter" or "locate"'),
        ({"time": "utc"}, '"clock" or "relative"'),
        ({"wrap": "yes"}, "True or False"),
        ({"context": 51}, "from 0 to 50"),
        ({"context": 1.5}, "a whole number"),
        ({"columns": ["time", "mesage"]}, "message"),
    ],
)
def test_an_option_that_is_not_possible_is_refused_with_what_it_takes(
    option: dict[str, Any], takes: str
) -> None:
    with pytest.raises(ConfigError, match=takes) as refused:
        pane_options(option)
    assert refused.value.variable in option


def test_a_query_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(QueryError, match="column 7"):
        pane_options({"query": "level:loud"})


def test_python_and_the_page_know_the_same_columns() -> None:
    text = PREFS.read_text("utf-8")
    listed = re.search(r"COLUMNS = \[(.*?)\]", text)
    assert listed is not None
    assert tuple(re.findall(r"'(\w+)'", listed[1])) == COLUMNS
    assert f"MAX_CONTEXT = {MAX_CONTEXT};" in text


@pytest.mark.parametrize("view", [ab.LogPane, ab.Dashboard, ab.StatePane, ab.StatusBadge])
@pytest.mark.parametrize("host", [3, ab.Orchestrator, {"a": 1}])
def test_what_cannot_be_shown_is_refused_with_what_can(view: Any, host: Any) -> None:
    with pytest.raises(
        TypeError, match="cannot be shown: give an Orchestrator, or a Client of one"
    ):
        view(host)
