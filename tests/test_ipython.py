"""The kernel's cells are told to who listens: the outermost one, from its begin to its end."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import autobench_nb as ab
from autobench_nb import ipython


class Told:
    """What a listener was told: since when a cell runs, or None for its end."""

    def __init__(self) -> None:
        self.events: list[float | None] = []

    def cell_began(self, since_s: float) -> None:
        self.events.append(since_s)

    def cell_ended(self) -> None:
        self.events.append(None)

    @property
    def runs(self) -> bool:
        return bool(self.events) and self.events[-1] is not None


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()
    ipython._cells = None


def run(shell: InteractiveShell, source: str, /, **names: Any) -> Any:
    shell.user_ns.update(names)
    run_cell: Any = shell.run_cell
    return run_cell(source, store_history=False)


def test_a_cell_is_told_from_its_begin_to_its_end(shell: InteractiveShell) -> None:
    told = Told()
    seen: list[bool] = []
    ipython.tell_of_cells(told)
    assert told.events == []
    before = time.time()
    run(shell, "seen.append(told.runs)", told=told, seen=seen).raise_error()
    assert seen == [True]
    since, end = told.events
    assert since is not None
    assert before <= since <= time.time()
    assert end is None


def test_who_begins_to_listen_within_a_cell_hears_of_that_cell_at_once(
    shell: InteractiveShell,
) -> None:
    told = Told()
    source = "import time; begun = time.time(); tell(told); runs = told.runs"
    run(shell, source, tell=ipython.tell_of_cells, told=told).raise_error()
    assert shell.user_ns["runs"]
    assert told.events[-1] is None
    run(shell, "1")
    assert len(told.events) == 4


@pytest.mark.parametrize(
    "inner", ["1", "1/0", "this is no Python", "", "raise KeyboardInterrupt", "%pip_is_no_magic"]
)
def test_cells_within_a_cell_end_nothing(
    shell: InteractiveShell, inner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told()
    seen: list[bool] = []
    ipython.tell_of_cells(told)
    source = "shell.run_cell(inner); seen.append(told.runs)"
    run(shell, source, shell=shell, inner=inner, told=told, seen=seen).raise_error()
    assert seen == [True]
    assert [one is None for one in told.events] == [False, True]
    capsys.readouterr()


@pytest.mark.parametrize("source", ["1/0", "raise KeyboardInterrupt", "this is no Python"])
def test_a_cell_that_fails_has_ended(
    shell: InteractiveShell, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told()
    ipython.tell_of_cells(told)
    run(shell, source)
    assert not told.runs
    capsys.readouterr()


def test_a_begin_whose_end_was_missed_does_not_hide_the_next_cell(shell: InteractiveShell) -> None:
    told = Told()
    ipython.tell_of_cells(told)
    shell.events.trigger("pre_run_cell", None)
    assert told.runs
    run(shell, "1").raise_error()
    assert not told.runs


def test_a_listener_that_is_gone_is_forgotten(shell: InteractiveShell) -> None:
    told = Told()
    ipython.tell_of_cells(told)
    assert ipython._cells is not None
    del told
    gc.collect()
    assert len(ipython._cells.listeners) == 0
    run(shell, "1").raise_error()


def test_a_server_listens(shell: InteractiveShell) -> None:
    with ab.Orchestrator() as bench:
        server = bench.serve(thread=True)
        assert ipython._cells is not None
        assert server in ipython._cells.listeners


def test_without_ipython_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ipython, "running_shell", lambda: None)
    told = Told()
    ipython.tell_of_cells(told)
    assert told.events == []
    assert ipython._cells is None or told not in ipython._cells.listeners
