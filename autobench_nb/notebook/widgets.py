"""The anywidget classes: thin, since the page mirrors the orchestrator over its own link.

A widget's traits say *what* to show; *where* the server is, and the token, travel as a custom message, since
traits are saved into the notebook file. The page asks for it (``{type: "link"}``), and it is sent once unasked,
because a question from the page waits behind a cell that blocks the kernel. For the same reason the hub speaks to the
page unasked through the first widget (:mod:`autobench_nb.transports.comm`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import anywidget
import ipywidgets
import traitlets

from autobench_nb.figures import counted
from autobench_nb.ipython import tell_of_cells
from autobench_nb.logs.entry import LogEntry
from autobench_nb.notebook.bundle import ViewBundle, shared_bundle, static_file
from autobench_nb.notebook.kept import KeptPicture
from autobench_nb.notebook.options import pane_options
from autobench_nb.notebook.shown import shown_of, within
from autobench_nb.tables import entries_of, logs_to_pandas
from autobench_nb.transports.comm import CommLinks
from autobench_nb.transports.comm_place import is_client, place_of, relay_of

if TYPE_CHECKING:
    import pandas as pd

    from autobench_nb.logs.redaction.redactor import Redactor
    from autobench_nb.tables.records_view import JobsView
    from autobench_nb.tables.results import ResultsView

ROWS_A_MESSAGE = 2_000
"""Rows of :meth:`LogPane.show` in one widget message: well below 1 MB for usual lines."""


class Host(Protocol):
    """What a widget looks at: an ``Orchestrator``, or a ``Client`` of one."""

    @property
    def name(self) -> str: ...

    @property
    def epoch(self) -> str | None: ...

    @property
    def state(self) -> Any: ...

    @property
    def jobs(self) -> JobsView: ...

    @property
    def results(self) -> ResultsView: ...

    @property
    def logs(self) -> Any: ...

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of what is kept."""
        ...

    def before_close(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called when it closes, while everything can still be read."""
        ...

    def link(self) -> Mapping[str, str]:
        """``url`` (ws://...), ``page`` (http://...), ``token`` and ``epoch``; starts to serve where it does not."""
        ...


class View(anywidget.AnyWidget):
    """What all views share. ``options`` go to the page as they are, in camelCase."""

    _esm = static_file("loader.js")
    bundle = traitlets.Instance(ViewBundle).tag(sync=True, **ipywidgets.widget_serialization)
    view = traitlets.Unicode().tag(sync=True)
    epoch = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, host: Host, view: str, options: Mapping[str, Any]) -> None:
        if isinstance(host, type) or not callable(getattr(host, "link", None)):
            raise TypeError(
                f"{host!r:.80} cannot be shown: give an Orchestrator, or a Client of one."
            )
        self._host = host
        link = host.link()
        given = {name: value for name, value in options.items() if value is not None}
        super().__init__(
            bundle=shared_bundle(), view=view, epoch=link["epoch"], title=host.name, options=given
        )
        self._picture = KeptPicture(host, view, self._newest)
        self._links = CommLinks(lambda: place_of(host), self.send, epoch=link["epoch"])
        relay = relay_of(host)
        if relay is not None:
            tell_of_cells(relay)
            relay.on_return(self._server_returned)
        self.on_msg(self._receive)
        self._send_link()
        self._links.speak_unasked()

    def close(self) -> None:
        """Close the widget, and the links that go through it."""
        # What was refused when it was made has none, and is closed all the same.
        links = self.__dict__.get("_links")
        if links is not None:
            links.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What shows the view; beside it stands the picture that a saved notebook keeps."""
        self._picture.show()
        return super()._repr_mimebundle_(**kwargs)

    def _newest(self, count: int) -> Sequence[LogEntry]:
        """The newest log entries that the picture shows, at most ``count``."""
        entries: Sequence[LogEntry] = self._host.logs.last(count)
        return entries

    def _receive(self, widget: View, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:  # noqa: ARG002
        # On whichever thread the host has heard it.
        if content.get("type") == "link":
            self._send_link()
        elif content.get("type") == "bundle":
            # Asked for where the page does not have the model that holds it.
            self.send({"type": "bundle", "code": self.bundle.code, "styles": self.bundle.styles})
        else:
            self._links.receive(content)

    def _send_link(self, **more: Any) -> None:
        host = self._host
        place = place_of(host)
        begins = place is None and not is_client(host)
        if begins and threading.current_thread() is not threading.main_thread():
            return  # to begin on this thread would be to serve from a loop that soon ends
        if place is not None and place is relay_of(host):
            more["via"] = "client"
        self.send({"type": "link", **host.link(), **more})

    def _server_returned(self) -> None:
        """The client has its server again, perhaps in another life: pages need not wait for their next try."""
        with contextlib.suppress(Exception):  # a kernel that ends takes its channels away
            self._send_link(returned=True)

    def __repr__(self) -> str:
        """A stable text: anywidget's own holds an address, which makes every saved notebook differ."""
        return f"{type(self).__name__}({self.title!r})"


class Dashboard(View):
    """Badge, runs, devices, streams, findings, the state tree and the log pane, live.

    Args:
        host: An :class:`Orchestrator`, or a :class:`Client` of one.
        height: The height of the log pane, in pixels.
        query: The query that the log pane shows at first.
    """

    def __init__(self, host: Host, *, height: int | None = None, query: str | None = None) -> None:
        super().__init__(host, "dashboard", {"height": height, "query": query})


class StatePane(View):
    """The state as a tree that follows it live.

    Args:
        host: An :class:`Orchestrator`, or a :class:`Client` of one.
        height: The height of the tree, in pixels.
        pointer: The place in the state (RFC 6901) that is open at first.
    """

    def __init__(
        self, host: Host, *, height: int | None = None, pointer: str | None = None
    ) -> None:
        super().__init__(host, "state", {"height": height, "pointer": pointer})


class StatusBadge(View):
    """The link's state, attempts and delay of a reconnect, latency, and a button to reconnect.

    Args:
        host: An :class:`Orchestrator`, or a :class:`Client` of one.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host, "badge", {})


class LogPane(View):
    """The live log, filterable. An option that is left out is what the user chose last in the pane.

    The page tells the kernel what it shows a moment after it changed, and only while no cell blocks the kernel.

    Args:
        host: An :class:`Orchestrator`, or a :class:`Client` of one.
        query: What to show, in the query language (``docs/query.md``).
        columns: The names of the columns, in their order.
        height: The height, in pixels.
        facets: Whether the counts by level, channel and so on are shown.
        histogram: Whether the counts over time are shown.
        wrap: Whether long lines are wrapped.
        order: ``"newest"`` or ``"oldest"`` first.
        mode: ``"filter"`` hides what does not match, ``"locate"`` marks what does.
        time: ``"clock"`` or ``"relative"``.
        context: How many lines are shown around each match.
        key: Under which name the user's choices are kept; panes that shall differ need different ones.

    Raises:
        QueryError: ``query`` cannot be read.
        ConfigError: Another option has a value that it cannot have.
    """

    shown = traitlets.Dict().tag(sync=True)
    chosen: traitlets.List[Any] = traitlets.List().tag(sync=True)

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
        mode: str | None = None,
        time: str | None = None,
        context: int | None = None,
        key: str | None = None,
    ) -> None:
        self._rows: list[LogEntry] | None = None
        self._rows_title = ""
        options = pane_options(
            {
                "query": query,
                "columns": columns,
                "height": height,
                "facets": facets,
                "histogram": histogram,
                "wrap": wrap,
                "order": order,
                "mode": mode,
                "time": time,
                "context": context,
                "key": key,
            }
        )
        super().__init__(host, "logs", options)

    def entries(self, *, all_lines: bool = False) -> list[LogEntry]:
        """Exactly the rows that the pane shows, oldest first (of :meth:`show`: in the order of the frame).

        Args:
            all_lines: Where the pane locates, or looks at a line in its context, every line is shown and the matches
                are marked: the matches are given, unless all lines are asked for.
        """
        told = shown_of(self.shown, self.options.get("query", ""))
        return told.choose(self._source(), all_lines=all_lines)

    def to_pandas(self, *, all_lines: bool = False) -> pd.DataFrame:
        """The rows of :meth:`entries`, with the columns of ``bench.logs.to_pandas()``."""
        return logs_to_pandas(self.entries(all_lines=all_lines))

    @property
    def selection(self) -> Selection:
        """The rows that are selected in the pane now."""
        chosen = [(int(first), int(end)) for first, end in self.chosen]
        return Selection([entry for entry in self._source() if within(entry.seq, chosen)])

    def show(self, frame: pd.DataFrame, title: str = "DataFrame") -> None:
        """Show exactly the rows of ``frame``, until :meth:`live` or the pane's own way back.

        Args:
            frame: Columns named as those of the log's tables are read as such, all others become fields.
            title: What the pane says it shows.
        """
        self._rows = entries_of(frame, getattr(self._host, "channels", None))
        self._rows_title = title
        self._send_rows()

    def live(self) -> None:
        """Back from :meth:`show` to the live log."""
        self._rows = None
        self._send_rows()

    def _newest(self, count: int) -> Sequence[LogEntry]:
        if self._rows is not None:
            return self._rows[-count:]
        told = {"query": self.options.get("query", ""), **self.shown}
        entries = self._host.logs.query(told["query"]) if told["query"] else self._host.logs
        newest: Sequence[LogEntry] = entries.last(count)
        return newest

    def _source(self) -> Iterable[LogEntry]:
        return self._host.logs if self._rows is None else self._rows

    def _receive(self, widget: View, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        super()._receive(widget, content, buffers)
        kind = content.get("type")
        if kind == "ready" and self._rows is not None:
            self._send_rows()
        elif kind == "live":
            self._rows = None

    def _send_rows(self) -> None:
        if self._rows is None:
            self.send({"type": "rows", "rows": None})
            return
        wires = [entry.to_wire() for entry in self._rows]
        parts = [
            wires[at : at + ROWS_A_MESSAGE] for at in range(0, len(wires), ROWS_A_MESSAGE)
        ] or [[]]
        for part, rows in enumerate(parts):
            self.send(
                {
                    "type": "rows",
                    "rows": rows,
                    "part": part,
                    "parts": len(parts),
                    "title": self._rows_title,
                }
            )


class Selection:
    """Some log entries, oldest first, that were selected in a pane."""

    def __init__(self, entries: list[LogEntry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self._entries)

    def to_pandas(self) -> pd.DataFrame:
        """The selected rows, with the columns of ``bench.logs.to_pandas()``."""
        return logs_to_pandas(self._entries)

    def __repr__(self) -> str:
        return f"<Selection of {counted(len(self), 'row')}>"
