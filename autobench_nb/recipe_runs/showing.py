"""Runs of recipes as the state shows them: written in parts, so that no large run holds the state's lock for long."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

from autobench_nb.contract.limits import MAX_INTEGER
from autobench_nb.errors import SchemaError
from autobench_nb.logs.text import Redact, clean
from autobench_nb.recipe_runs.actor import RecipeActor
from autobench_nb.recipe_runs.board import plan_records
from autobench_nb.state.store import StateStore

KEPT: Final = 50
"""Ended runs that stay in the state; the oldest make room."""
PART: Final = 200
"""Planned steps that are written at once."""
RUNS: Final = "/jobs/recipeRuns"


class ShownRuns:
    """Writes runs of recipes, and their questions, to the state. Each run's own thread calls :meth:`write`.

    Args:
        store: The state.
        asked: Gives the records of the questions that are open, by their ids.
        is_over: Whether the run of that id is over.
        forget: Is told the id of a run that has made room.
        redact: Takes secrets out of what steps do.
    """

    def __init__(
        self,
        store: StateStore,
        asked: Callable[[], Mapping[str, Any]],
        is_over: Callable[[str], bool],
        forget: Callable[[str], None],
        redact: Redact,
    ) -> None:
        self._redact = redact
        self._store = store
        self._asked = asked
        self._is_over = is_over
        self._forget = forget
        self._shown: dict[str, None] = {}

    def again(self, actor: RecipeActor) -> None:
        """Have all of a run written anew: the state has refused some of it, and what it has taken is not known."""
        actor.board.show_again()
        actor.tell_again()
        self._shown.pop(actor.step_run.id, None)

    def write(self, actor: RecipeActor) -> bool:
        """Write what has changed of a run; False where somebody's batch was in the way of a part of it.

        Between two parts the state is free for others. What is not written is written the next time.
        """
        attempt, board = self._store.attempt, actor.board
        if actor.step_run.id not in self._shown and not attempt(lambda: self._show(actor)):
            return False
        while board.unshown:
            if not attempt(lambda: self._write_part(actor)):
                return False
        while len(board.dirty) > PART:
            if not attempt(lambda: self._write_steps(actor)):
                return False
        return attempt(lambda: self._write_changes(actor))

    # --- in a batch each

    def _show(self, actor: RecipeActor) -> None:
        run_id = actor.step_run.id
        if self._store.get(RUNS, None) is None:
            self._store.set(RUNS, {})
        ended = [one for one in self._shown if self._is_over(one) and one != run_id]
        for one in ended[: max(0, len(self._shown) + 1 - KEPT)]:
            del self._shown[one]
            self._store.remove(f"{RUNS}/{one}")
            self._forget(one)
        plans = [row.plan for row in actor.board.rows.values()]
        plan = plan_records(actor.recipe, plans, self._redact)
        record = {**actor.head(), **actor.run_news(), "plan": plan}
        if (power := actor.power.whole()) is not None:
            record["power"] = power
        pointer = f"{RUNS}/{run_id}"
        _put(partial(self._store.set, pointer), {**record, "steps": {}})
        self._write_part(actor)
        self._shown[run_id] = None

    def _write_part(self, actor: RecipeActor) -> None:
        board = actor.board
        part = board.unshown[:PART]
        records = {name: board.rows[name].whole() for name in part}
        _put(partial(self._store.merge, f"{RUNS}/{actor.step_run.id}/steps"), records)
        board.dirty.difference_update(part)
        del board.unshown[:PART]

    def _write_steps(self, actor: RecipeActor) -> None:
        """Write some of the steps that have changed."""
        board = actor.board
        part = list(islice(board.dirty, PART))
        news = {step_id: found for step_id in part if (found := board.rows[step_id].news())}
        if news:
            _put(partial(self._store.merge, f"{RUNS}/{actor.step_run.id}/steps"), news)
        board.dirty.difference_update(part)

    def _write_changes(self, actor: RecipeActor) -> None:
        self._write_steps(actor)
        pointer = f"{RUNS}/{actor.step_run.id}"
        for name, seconds in actor.board.outlook.news().items():
            self._store.set(f"{pointer}/plan/{name}/expectedS", seconds)
        news = actor.run_news()
        if news:
            counts = news.pop("counts", None)
            if counts is not None:
                self._store.set(f"{pointer}/counts", counts)
            _put(partial(self._store.merge, pointer), news)
        for place, value in actor.power.news():
            self._store.set(f"{pointer}/{place}", value)
        asked = dict(self._asked())
        if asked != self._store.get("/jobs/prompts", {}):
            _put(partial(self._store.set, "/jobs/prompts"), asked)


def _put(write: Callable[[Any], None], value: Any) -> None:
    """Write a value; what of it the state cannot hold (a name of a metric, a file's name) as far as it can."""
    try:
        write(value)
    except SchemaError:
        write(fitted(value))


def fitted(value: Any) -> Any:
    """A value as the state can hold it: texts escaped, numbers that are not finite left out, long ones as texts."""
    if isinstance(value, Mapping):
        return {clean(name): fitted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [fitted(one) for one in value]
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, int) and abs(value) > MAX_INTEGER else value
