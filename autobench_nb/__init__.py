"""AutoBench NB: the orchestrator that lives in a notebook.

>>> import autobench_nb as ab
>>> bench = ab.Orchestrator(log_capacity=100_000)
>>> bench.serve(); bench.dashboard()
>>> run = bench.run(["gzip -9c data.log | wc -c"], repeat=5)
"""

from __future__ import annotations

# What typing.TYPE_CHECKING is, without the import: "autobench-nb --help" needs nothing else of it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autobench_nb.config import Config
    from autobench_nb.errors import AutoBenchError
    from autobench_nb.jobs import Run, current_job
    from autobench_nb.journal.reader import JournalReader, open_journal
    from autobench_nb.journal.settings import Journal
    from autobench_nb.logs.entry import Level
    from autobench_nb.machine import comparable
    from autobench_nb.notebook.widgets import Dashboard, LogPane, StatePane, StatusBadge
    from autobench_nb.orchestrator.orchestrator import Orchestrator
    from autobench_nb.recipe_runs.run import RecipeRun
    from autobench_nb.recipes.load import load_recipe
    from autobench_nb.recipes.model import Metadata, Parameter, Recipe, Spec, Step
    from autobench_nb.state.projections import Projection
    from autobench_nb.transports.client.client import Client, connect

__all__ = [
    "AutoBenchError",
    "Client",
    "Config",
    "Dashboard",
    "Journal",
    "JournalReader",
    "Level",
    "LogPane",
    "Metadata",
    "Orchestrator",
    "Parameter",
    "Projection",
    "Recipe",
    "RecipeRun",
    "Run",
    "Spec",
    "StatePane",
    "StatusBadge",
    "Step",
    "comparable",
    "connect",
    "current_job",
    "load_recipe",
    "open_journal",
]

__version__ = "0.1.0"

_HOMES = {
    "Metadata": "recipes.model",
    "Parameter": "recipes.model",
    "Recipe": "recipes.model",
    "RecipeRun": "recipe_runs.run",
    "Spec": "recipes.model",
    "Step": "recipes.model",
    "load_recipe": "recipes.load",
    "AutoBenchError": "errors",
    "Client": "transports.client.client",
    "Config": "config",
    "Dashboard": "notebook.widgets",
    "Journal": "journal.settings",
    "JournalReader": "journal.reader",
    "Level": "logs.entry",
    "LogPane": "notebook.widgets",
    "Orchestrator": "orchestrator.orchestrator",
    "Projection": "state.projections",
    "Run": "jobs.run",
    "StatePane": "notebook.widgets",
    "StatusBadge": "notebook.widgets",
    "comparable": "machine.comparison",
    "connect": "transports.client.client",
    "current_job": "jobs.executors.in_process",
    "open_journal": "journal.reader",
}


def load_ipython_extension(shell: Any) -> None:
    """Make ``%bench`` and ``%%bench`` known: ``%load_ext autobench_nb``."""
    from importlib import import_module

    import_module(f"{__name__}.notebook.magics").load(shell)


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used: a script that only connects needs no widgets."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
