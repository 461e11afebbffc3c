"""The orchestrator: the only place that wires the rooms together."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from autobench_nb.config import Config
from autobench_nb.devices import Devices
from autobench_nb.errors import ClosedError, CommandError
from autobench_nb.jobs import Results, Run, Runner
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.entry import Level
from autobench_nb.logs.logger import ChannelLogger
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.notebook.logging import BridgeHandler
from autobench_nb.pno import Pno
from autobench_nb.sidecars import Streams
from autobench_nb.state.commit import Commit
from autobench_nb.state.model import initial_state
from autobench_nb.state.pointer import MISSING
from autobench_nb.state.projections import PNO_SUMMARY, Projection
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.tables.views import Logs
from autobench_nb.transports.auth import check_token, new_token
from autobench_nb.transports.server import Server, serve, serve_in_thread

if TYPE_CHECKING:
    from autobench_nb.notebook.widgets import Dashboard

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
TOKEN_VARIABLE: Final = "AUTOBENCH_TOKEN"
HIGH_WATER: Final = 8_192
"""Entries that may wait for the next flush before whatever floods the log is asked to slow down."""


class State:
    """The state as its users see it: reads hand out copies, mutations are checked, any thread may call.

    The store's ``flush`` is not here: a commit taken by anybody but the hub would break every client's chain.
    """

    def __init__(self, store: StateStore, before_follow: Callable[[], None]) -> None:
        self._store = store
        self._before_follow = before_follow

    @property
    def version(self) -> int:
        """Raised by one with every mutation."""
        return self._store.version

    def get(self, pointer: str = "", default: Any = MISSING) -> Any:
        """A copy of the value at ``pointer``; ``default``, or ``PathError``, where nothing stands."""
        return self._store.get(pointer, default)

    def set(self, pointer: str, value: Any) -> None:
        """Put ``value`` at ``pointer`` (its parent must exist; ``-`` appends to a list)."""
        self._store.set(pointer, value)

    def merge(self, pointer: str, mapping: Mapping[str, Any]) -> None:
        """Lay ``mapping`` over the object at ``pointer``, objects within it recursively."""
        self._store.merge(pointer, mapping)

    def remove(self, pointer: str) -> None:
        """Take away what stands at ``pointer``."""
        self._store.remove(pointer)

    def replace_state(self, mapping: Mapping[str, Any]) -> None:
        """Make the whole state what ``mapping`` says, by few operations."""
        self._store.replace_state(mapping)

    def batch(self) -> AbstractContextManager[Any]:
        """A context in which all mutations are one: an exception takes them back, version too. Do not await inside."""
        return self._store.batch()

    def subscribe(
        self, callback: Callable[[Commit], None], pointer: str = ""
    ) -> Callable[[], None]:
        """Call ``callback(commit)`` after each flush that touched ``pointer``. Gives back the way to end it.

        It is called on the server's loop, or, while nothing serves, by the thread that mutated.
        """
        self._before_follow()
        return self._store.subscribe(callback, pointer)

    def __repr__(self) -> str:
        return f"<State version {self.version}>"


class Orchestrator:
    """One authoritative state, one log ring, a queue of jobs, and whoever mirrors them.

    ``name`` stands in the dashboard's head. ``parallelism``: jobs that run at once. ``redact``: patterns (RE2) besides
    ``LOG_REDACT_REGEX``. ``environ`` stands in for the process's. Every setting of ``Config`` is an argument
    too, such as ``log_capacity=100_000``; arguments go before the environment.

    A context manager; ``close()`` ends the server and whatever still runs. Raises ``ConfigError``.
    """

    def __init__(
        self,
        name: str = "AutoBench",
        *,
        parallelism: int = 1,
        redact: Iterable[str] = (),
        projections: Iterable[Projection] = (),
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        source = os.environ if environ is None else environ
        self.config = Config.from_env(source, **settings)
        self.name = name
        self.epoch = secrets.token_hex(8)
        given = source.get(TOKEN_VARIABLE)
        self.token = check_token(given, TOKEN_VARIABLE) if given else new_token()
        self.channels = Channels()
        self._server: Server | None = None
        self._closed = False
        self._inline = threading.Lock()
        self._stale = False
        self._followed = False
        self._told = 0
        self._caught_up = threading.Condition()
        self._bridges: list[tuple[logging.Logger, logging.Handler, int]] = []
        patterns = [*self.config.log_redact_regex, *redact]
        self._ring = LogRing(
            self.config.log_capacity,
            channels=self.channels,
            redactor=Redactor(patterns, secrets=self.config.log_redact_secrets),
            min_level=Level.parse(self.config.log_level_min),
            on_dirty=self._notify,
        )
        self._store = StateStore(
            initial_state(
                name=name,
                started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                build=installed_version("autobench-nb"),
                epoch=self.epoch,
                config=self.config,
                channels=self.channels.names,
            ),
            projections=[PNO_SUMMARY, *projections],
            on_dirty=self._notify,
        )
        self._channels_told = self.channels.version
        self._hub = Hub(
            self._store, self._ring, epoch=self.epoch, config=self.config, token=self.token
        )
        self.state = State(self._store, self._begin_to_follow)
        self.logs = Logs(self._ring)
        self.devices = Devices(self._store)
        self.streams = Streams(self._store)
        self.pno = Pno(self._store)
        self._runner = Runner(
            self._store, self._ring.append, parallelism=parallelism, ready=self._wait_for_clients
        )
        self.jobs = self._runner.jobs
        self.results: Results = self._runner.results
        self._store.subscribe(self._flushed, "/logs")
        self._store.set("/meta/status", "ready")
        _open.add(self)

    # --- what it does

    def log(self, channel: str = "app", **bound: Any) -> ChannelLogger:
        """A logger for ``channel``; ``bound`` ids and fields go along with every entry."""
        self.channels.get(channel)
        return ChannelLogger(self._ring.append, channel, **bound)

    def capture_logging(
        self, level: int | str = "INFO", logger: str = "", channel: str = "python"
    ) -> None:
        """From now on, what the standard ``logging`` says at ``level`` or above goes into ``channel`` as well.

        ``logger``: the name of the topmost logger to listen to (default: all). Ends with :meth:`close`.
        """
        self._check_open()
        source = logging.getLogger(logger)
        handler = BridgeHandler(self._ring, channel)
        handler.setLevel(level)
        self._bridges.append((source, handler, source.level))
        if source.getEffectiveLevel() > handler.level:
            source.setLevel(handler.level)
        source.addHandler(handler)

    def run(self, work: Any, **how: Any) -> Run:
        """Queue shell commands or Python callables; returns at once with an awaitable ``Run``.

        ``work``: one, a list, or ``{label: item}``. See :meth:`Runner.submit` for ``repeat``, ``timeout_s``, ``cwd``,
        ``env`` and the rest.
        """
        self._check_open()
        return self._runner.submit(work, **how)

    # --- who looks at it

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, thread: bool = False) -> Server:
        """Serve the page, the socket and the HTTP interface; returns the running :class:`Server`.

        On the running event loop, which in a notebook is the notebook's own; with ``thread=True``, or where no loop
        runs, on a thread with a loop of its own, so that all stays live while a cell blocks. ``port=0`` takes any free
        one. Called again it gives the same server. Raises ``PortError`` where the port is taken.
        """
        self._check_open()
        old = self._server
        if old is not None and not old.is_closed:
            if port not in (0, old.port):
                raise ClosedError(f"{old!r} is running: close() it before serving on port {port}.")
            return old
        make = serve_in_thread if thread or not _loop_runs() else serve
        with self._inline:
            self._server = server = make(
                self._hub,
                self._store,
                self._ring,
                config=self.config,
                static=STATIC,
                name=self.name,
                host=host,
                port=port,
                token=self.token,
                commands=self._commands(),
                is_ready=lambda: not self._closed,
            )
        server.notify()
        return server

    @property
    def server(self) -> Server | None:
        """The running server, if any."""
        server = self._server
        return None if server is None or server.is_closed else server

    def link(self) -> dict[str, str]:
        """How a widget reaches it; begins to serve where nothing does yet."""
        server = self.server or self.serve()
        return {"url": server.ws_url, "page": server.url, "token": self.token, "epoch": self.epoch}

    def dashboard(self, **options: Any) -> Dashboard:
        """The dashboard widget: badge, runs, devices, streams, findings, state and log, live."""
        from autobench_nb.notebook.widgets import Dashboard  # anywidget takes a while to import

        return Dashboard(self, **options)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.dashboard()._repr_mimebundle_(**kwargs)

    # --- its end

    def close(self) -> None:
        """Cancel what runs, send what waits, say goodbye to every client. State and log stay readable."""
        if self._closed:
            return
        self._closed = True
        _open.discard(self)
        with self._caught_up:
            self._caught_up.notify_all()
        self._runner.close()
        for source, handler, level in reversed(self._bridges):
            source.removeHandler(handler)
            if source.level == handler.level:  # else somebody has set it anew since
                source.setLevel(level)
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "closed" if self._closed else self.server.url if self.server else "not serving"
        return f"<Orchestrator {self.name!r} {where}>"

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("this orchestrator is closed: make a new one.")

    # --- how the rooms reach each other

    def _commands(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        return {
            "job.cancel": self._cancel_job,
            "logs.get": self._whole_entry,
            "results.list": lambda _args: self.results.records(),
        }

    def _cancel_job(self, args: Mapping[str, Any]) -> dict[str, bool]:
        return {"cancelled": self.jobs.cancel(str(args.get("jobId", "")))}

    def _whole_entry(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """One entry whose message is whole, or so much of it from ``offset`` on as fits a client's budget.

        ``next``: the offset of what follows, ``None`` where nothing does. An answer cannot be shed as log lines can,
        so one of megabytes would cost the client its link.
        """
        seq, offset = args.get("seq"), args.get("offset", 0)
        entry = self._ring.entry(seq) if isinstance(seq, int) else None
        if entry is None:
            raise CommandError("not-found", "The ring no longer holds that entry.")
        if not isinstance(offset, int) or offset < 0:
            raise CommandError("bad-args", f"offset={offset!r}: it takes a number of characters.")
        # A character is at most six bytes of JSON.
        end = offset + self.config.client_budget_bytes // 8
        whole = entry.message
        following = end if end < len(whole) else None
        return {**entry.to_wire(), "message": whole[offset:end], "next": following}

    def _notify(self) -> None:
        """State or log changed, on any thread."""
        server = self._server
        if server is not None and not server.is_closed:
            server.notify()
        elif self._followed:
            self._flush_inline()

    def _begin_to_follow(self) -> None:
        """Somebody subscribes: what went before is not theirs, and from now on flushes come without a server too."""
        self._followed = True
        if self.server is None:
            self._flush_inline()

    def _flush_inline(self) -> None:
        """Without a server there is no loop to flush on: the thread that mutated does it, one at a time."""
        self._stale = True
        while self._stale and self._inline.acquire(blocking=False):
            try:
                self._stale = False
                if self.server is None:
                    self._hub.flush(time.monotonic())
            finally:
                self._inline.release()

    def _flushed(self, _commit: Commit) -> None:
        """After a flush with log entries: let what floods go on, and say which channels there are now."""
        with self._caught_up:
            self._told = self._store.get("/logs/nextSeq")
            self._caught_up.notify_all()
        version = self.channels.version
        if version != self._channels_told and not self.config.log_channel_allowlist:
            self._channels_told = version
            self._store.set("/serverConfig/logs/allowedChannels", list(self.channels.names))

    def _wait_for_clients(self, timeout_s: float) -> bool:
        """Back pressure for what floods the log: wait until clients were sent what waits, at most ``timeout_s``.

        True when the way is free. Where nobody is served the ring alone bounds memory: nothing to wait for.
        """
        server = self.server
        limit = min(HIGH_WATER, self.config.log_capacity)
        if server is None or self._ring.next_seq - self._told < limit:
            return True
        server.flush()
        with self._caught_up:
            return self._caught_up.wait_for(
                lambda: self._closed or self._ring.next_seq - self._told < limit, timeout_s
            )


_open: set[Orchestrator] = set()


@atexit.register
def _close_all() -> None:
    """A kernel that ends without ``close()`` still says goodbye, and leaves no child process behind."""
    for orchestrator in tuple(_open):
        orchestrator.close()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
