from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import autobench_nb as ab
from autobench_nb.recipe_runs.run import RecipeRun
from autobench_nb.recipes.load import parse_recipe
from autobench_nb.recipes.model import Recipe

PATIENCE_S = 60.0
"""Nothing here takes so long; a test that fails should not hang."""

RunSteps = Callable[..., RecipeRun]


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    threads = set(threading.enumerate())
    with ab.Orchestrator(environ={}) as made:
        yield made
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), thread


def recipe_of(*steps: dict[str, Any], **spec: Any) -> Recipe:
    """A recipe of these steps, read as from a file."""
    document = {
        "apiVersion": "autobench/v1",
        "kind": "Benchmark",
        "metadata": {"name": "test"},
        "spec": {**spec, "steps": list(steps)},
    }
    return parse_recipe(yaml.safe_dump(document))


@pytest.fixture
def run_steps(bench: ab.Orchestrator, tmp_path: Path) -> RunSteps:
    """Runs a recipe of these steps, and waits for its end."""

    def run(*steps: dict[str, Any], wait: bool = True, **spec: Any) -> RecipeRun:
        how = {name: spec.pop(name) for name in ("seed", "priority", "given") if name in spec}
        made = bench.run(
            recipe_of(*steps, **spec), parameters=how.pop("given", None), folder=tmp_path, **how
        )
        assert not wait or made.wait(PATIENCE_S), made
        return made

    return run
