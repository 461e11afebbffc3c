"""The views' code travels to the page before there is a view: when an orchestrator begins to serve in a cell."""

from __future__ import annotations

from autobench_nb.ipython import current_cell


def send_code_early() -> None:
    """Open the model that holds the views' code, where a front end's cell runs now; elsewhere do nothing.

    Its page imports the code at once, so that the first view has it. Without a front end nobody would.
    """
    if current_cell() is None:
        return
    try:
        # Anywidget takes a while to import, and outside of a notebook nobody needs it.
        from autobench_nb.notebook.bundle import shared_bundle

        shared_bundle()
    except FileNotFoundError:
        # The bundles were not built: the first view says so, and how they are. A server does well without.
        return
