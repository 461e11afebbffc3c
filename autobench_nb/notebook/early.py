"""What the first view needs, before there is one: when an orchestrator begins to serve in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autobench_nb.ipython import current_cell

if TYPE_CHECKING:
    from autobench_nb.transports.server import Server


def prepare_views(server: Server) -> None:
    """Open the model that holds the views' code, where a front end's cell runs now; elsewhere do nothing.

    Its page imports the code at once, so that the first view has it. Without a front end nobody would. By what pages
    know ``server`` is worked out meanwhile.
    """
    if current_cell() is None:
        return
    server.prepare_proofs()
    try:
        # Anywidget takes a while to import, and outside of a notebook nobody needs it.
        from autobench_nb.notebook.bundle import shared_bundle

        shared_bundle()
    except FileNotFoundError:
        # The bundles were not built: the first view says so, and how they are. A server does well without.
        return
