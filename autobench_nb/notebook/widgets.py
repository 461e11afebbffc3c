"""The anywidget classes: thin, since the page mirrors the orchestrator over its own link.

A widget's traits say *what* to show; *where* the server is, and the token, travel as a custom message, since
traits are saved into the notebook file. The page asks for it (``{type: "link"}``), and it is sent once unasked,
because a question from the page waits behind a cell that blocks the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

STATIC = Path(__file__).resolve().parent.parent / "static"
ROWS_A_MESSAGE = 2_000
"""Rows of :meth:`LogPane.show` in one widget message: well below 1 MB for usual lines."""


def _bundle(name: str) -> Path:
    path = STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: the browser bundles are made when the package is installed. "
            "Run `pip install -e .` in the checkout again."
        )
    return path


class Host(Protocol):
    """What a widget looks at: an ``Orchestrator``, or a ``Client`` of one."""

    @property
    def name(self) -> str: ...

    @property
    def epoch(self) -> str: ...

    @property
    def logs(self) -> Any: ...

    def link(self) -> Mapping[str, str]:
        """``url`` (ws://...), ``page`` (http://...), ``token`` and ``epoch``; starts to serve where it does not."""
        ...


class View(anywidget.AnyWidget):
    """What all views share. ``options`` go to the page as they are, in camelCase."""

    _esm = _bundle("widget.js")
    _css = _bundle("widget.css")
    view = traitlets.Unicode().tag(sync=True)
    epoch = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, host: Host, view: str, options: Mapping[str, Any]) -> None:
        self._host = host
        link = host.link()
        given = {name: value for name, value in options.items() if value is not None}
        super().__init__(view=view, epoch=link["epoch"], title=host.name, options=given)
        self.on_msg(self._receive)
        self._send_link()

    def _receive(self, _widget: View, content: Mapping[str, Any], _buffers: Sequence[Any]) -> None:
        if content.get("type") == "link":
            self._send_link()

    def _send_link(self) -> None:
        self.send({"type": "link", **self._host.link()})

    def __repr__(self) -> str:
        """A stable text: anywidget's own holds an address, which makes every saved notebook differ."""
        return f"{type(self).__name__}({self.title!r})"


class Dashboard(View):
    """Badge, runs, devices, streams, findings, the state tree and the log pane.

    ``height`` is the log pane's in px; ``query`` is what it shows at first.
    """

    def __init__(self, host: Host, *, height: int | None = None, query: str | None = None) -> None:
        super().__init__(host, "dashboard", {"height": height, "query": query})


class StatePane(View):
    """The state as a tree that follows it live. ``pointer`` is what it opens at first."""

    def __init__(self, host: Host, *, height: int | None = None, pointer: str | None = None) -> None:
        super().__init__(host, "state", {"height": height, "pointer": pointer})


class StatusBadge(View):
    """The link's state, attempts and delay of a reconnect, latency, and a button to reconnect."""

    def __init__(self, host: Host) -> None:
        super().__init__(host, "badge", {})


class LogPane(View):
    """The live log, filterable.

    ``query`` in the query language (``docs/query.md``), ``columns`` by name in their order, ``height`` in px; also
    ``facets``, ``histogram`` and ``wrap`` (bool) and ``order`` ("newest" or "oldest"). What is left out is the
    user's own last choice in that pane.
    """

    shown = traitlets.Dict().tag(sync=True)
    chosen = traitlets.List().tag(sync=True)

    def __init__(
        self,
        host: Host,
        *,
        query: str | None = None,
        columns: Sequence[str] | None = None,
        height: int | None = None,
        facets: bool | None = None,
        histogram: bool | None = None,
        wrap: bool | None = None,
        order: str | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "query": query,
            "columns": None if columns is None else list(columns),
            "height": height,
            "facets": facets,
            "histogram": histogram,
            "wrap": wrap,
            "order": order,
        }
        super().__init__(host, "logs", options)
