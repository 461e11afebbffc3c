"""The facade: what users hold as ``bench``."""

from __future__ import annotations

import atexit
import os
import secrets
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from autobench_nb import forks, ipython
from autobench_nb.config import READ_TOKEN_VARIABLE, TOKEN_VARIABLE, Config
from autobench_nb.errors import ClosedError, ConfigError
from autobench_nb.jobs import Executor, Results, Run
from autobench_nb.jobs.track import Track
from autobench_nb.journal.settings import Journal
from autobench_nb.lifetime import Closable
from autobench_nb.logs.logger import ChannelLogger
from autobench_nb.notebook import magics
from autobench_nb.notebook.early import prepare_views
from autobench_nb.orchestrator import kernel_cells
from autobench_nb.orchestrator.bridges import Bridges
from autobench_nb.orchestrator.given import check_options, journal_of, loop_runs, token_of
from autobench_nb.orchestrator.state import State
from autobench_nb.orchestrator.wiring import wire
from autobench_nb.recipe_runs.runs import names_recipe
from autobench_nb.state.projections import Projection
from autobench_nb.tables.logs_view import Logs
from autobench_nb.transports.server_proof import new_challenge

if TYPE_CHECKING:
    from autobench_nb.logs.redaction.redactor import Redactor
    from autobench_nb.notebook.widgets import Dashboard
    from autobench_nb.recipe_runs.run import RecipeRun
    from autobench_nb.recipes.model import Recipe
    from autobench_nb.transports.connection_files import ConnectionFile
    from autobench_nb.transports.server import Server

T = TypeVar("T")
STATIC: Final = Path(__file__).resolve().parent.parent / "static"


class Orchestrator(Closable):
    """One authoritative state, one log ring, a queue of jobs, and whoever mirrors them.

    An orchestrator is a context manager: :meth:`close` ends the server and whatever still runs.

    Args:
        name: What the dashboard and the page show as a title.
        parallelism: How many jobs may run at once.
        redact: Patterns of secrets (RE2), besides those of ``LOG_REDACT_REGEX``.
        projections: Values that the state keeps up to date by itself, see :class:`Projection`.
        executors: Where jobs can run, by name, besides ``"local"`` (this machine).
        journal: What is to outlive the process: the path of a file, or a :class:`Journal`. Without one the setting
            ``AUTOBENCH_JOURNAL`` counts.
        environ: Variables that stand in for the process's environment.
        settings: Fields of :class:`Config` by name, such as ``log_capacity=100_000``. They go before the environment.

    Raises:
        ConfigError: A setting has a value that it cannot have, or a pattern is no regular expression.
        OptionError: There is no such setting.
        JobError: ``parallelism`` is no whole number above 0.
        JournalError: The journal cannot be used, or another orchestrator writes it (:class:`JournalInUse`).
    """

    def __init__(
        self,
        name: str = "AutoBench",
        *,
        parallelism: int = 1,
        redact: Iterable[str] = (),
        projections: Iterable[Projection] = (),
        executors: Mapping[str, Executor] | None = None,
        journal: str | os.PathLike[str] | Journal | None = None,
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        source = os.environ if environ is None else environ
        self.config = Config.from_env(source, **settings)
        self.name = name
        self.epoch = secrets.token_hex(8)
        self.token = token_of(source, TOKEN_VARIABLE)
        self.read_token = token_of(source, READ_TOKEN_VARIABLE)
        if self.read_token == self.token:
            raise ConfigError(
                READ_TOKEN_VARIABLE, "(not shown)", f"another one than {TOKEN_VARIABLE}"
            )
        self._server: Server | None = None
        self._closed = False
        self._farewells: list[Callable[[], None]] = []
        rooms = self._rooms = wire(
            self.config,
            name=name,
            epoch=self.epoch,
            token=self.token,
            read_token=self.read_token,
            parallelism=parallelism,
            redact=redact,
            projections=projections,
            executors=executors,
            journal=journal_of(journal, self.config),
            server=lambda: self.server,
            is_served=lambda: self._server is not None and not self._server.has_ended(),
        )
        self._bridges = Bridges(rooms.ring)
        self.channels = rooms.channels
        self.state = State(rooms.store, rooms.inline.begin_to_follow)
        self.logs = Logs(rooms.ring)
        self.devices = rooms.devices
        self.streams = rooms.streams
        self.pno = rooms.pno
        self.recipe_runs = rooms.recipe_runs
        self.journal = rooms.journal
        self.jobs = rooms.runner.jobs
        self.results: Results = rooms.runner.results
        self.machines = rooms.runner.machines
        rooms.store.set("/meta/status", "ready")
        self._process = os.getpid()
        _open.add(self)
        forks.register(self)
        magics.offer(self)
        replaced = kernel_cells.register(self)
        if replaced:
            self.log("orchestrator").warn(replaced)

    # --- what it does

    def log(self, channel: str = "app", /, **bound: Any) -> ChannelLogger:
        """Make a logger for a channel; the channel is made where it is new.

        Args:
            channel: The channel of every entry.
            bound: Ids (such as ``job_id``) and fields that every entry carries.

        Returns:
            A logger with ``debug``, ``info``, ``warn``, ``error`` and ``fatal``.
        """
        self.channels.get(channel)
        return ChannelLogger(self._rooms.ring.append, channel, **bound)

    def capture_logging(
        self, level: int | str = "INFO", logger: str = "", channel: str = "python"
    ) -> None:
        """Copy what the standard ``logging`` says into a channel, until :meth:`close`.

        Args:
            level: The lowest level that is copied: a name or a number of the standard ``logging``.
            logger: The name of the topmost logger that is listened to; the empty name stands for all.
            channel: The channel that the entries go to.

        Raises:
            ClosedError: The orchestrator is closed, or belongs to the process of which this one is a fork.
        """
        self._check_open()
        self._bridges.add(level, logger, channel)

    @overload
    def run(self, work: Recipe | Path, **how: Any) -> RecipeRun: ...
    @overload
    def run(self, work: Any, **how: Any) -> Run: ...
    def run(self, work: Any, **how: Any) -> Run | RecipeRun:
        """Queue shell commands, Python callables or a recipe; returns at once.

        Args:
            work: One item, a list of items, or ``{label: item}``. An item is a shell command (text) or a callable
                without arguments; within a list or dict also a list of arguments, which runs without a shell. Or a
                :class:`Recipe`, or the path of its file.
            how: The options of :meth:`Runner.submit`, or for a recipe those of :meth:`RecipeRuns.submit`.

        Returns:
            The run, which can be awaited.

        Raises:
            OptionError: There is no such option.
            JobError: The work cannot be run, or its executor is not there or cannot do it.
            RecipeError: The recipe or a parameter is wrong.
            ClosedError: The orchestrator is closed, or belongs to the process of which this one is a fork.
        """
        self._check_open()
        rooms = self._rooms
        is_recipe = names_recipe(work)
        check_options(how, is_recipe=is_recipe)
        return (rooms.recipe_runs if is_recipe else rooms.runner).submit(work, **how)

    def track(
        self,
        iterable: Iterable[T] | None = None,
        total: int | None = None,
        *,
        name: str | None = None,
    ) -> Track[T]:
        """Follow a loop: ``for item in bench.track(items):`` shows as a job how far it is and what is left.

        Args:
            iterable: What is iterated. Without one, count with ``with bench.track(total=10) as it: it.update()``.
            total: How many items there are, where the iterable does not know.
            name: What it is called.

        Raises:
            JobError: ``total`` is no whole number, 0 or more, or ``iterable`` cannot be iterated.
            ClosedError: The orchestrator is closed, or belongs to the process of which this one is a fork.
        """
        self._check_open()
        return self._rooms.tracker.follow(iterable, total, name)

    def resume(self, run_id: str | None = None) -> Run | RecipeRun:
        """Go on with a run that was interrupted when its orchestrator ended; ``journal.interrupted`` names them.

        Args:
            run_id: Which run; None where only one is interrupted.

        Returns:
            The run, under its old id: it does what was not finished.

        Raises:
            JobError: There is no such run, or it cannot be resumed; the error says why.
            JournalError: The journal cannot be read.
            ClosedError: The orchestrator is closed, or belongs to the process of which this one is a fork.
        """
        self._check_open()
        return self._rooms.resumer.resume(run_id)

    # --- who looks at it

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, thread: bool = False) -> Server:
        """Serve the page, the socket and the HTTP interface.

        Args:
            host: The address to listen on. The default can be reached from this machine alone.
            port: The TCP port; 0 takes any free one.
            thread: Whether the server accepts and reads on a thread of its own, so that commands and new pages get
                through while a cell blocks. Without it the running loop does, which in a notebook is the notebook's
                own; what is sent leaves while a cell blocks either way. Where no loop runs, a thread is used anyway.

        Returns:
            The running server; the one that runs already, where there is one.

        Raises:
            PortError: The port cannot be had.
            ClosedError: The orchestrator is closed, or serves on another port already.
        """
        # Tornado takes a while to import, and who never serves needs none of it.
        from autobench_nb.transports.connection_files import ConnectionFile
        from autobench_nb.transports.serving import serve, serve_in_thread

        self._check_open()
        old = self._server
        if old is not None and not old.is_closed:
            if port not in (0, old.port):
                raise ClosedError(f"{old!r} is running: close() it before serving on port {port}.")
            return old
        if old is not None:
            # Two pumps never drive one hub. (Its event loop may have ended without it, as an earlier asyncio.run's.)
            old.close()
        file = ConnectionFile()

        def ended() -> None:
            file.remove()
            self._rooms.inline.notify()

        make = serve_in_thread if thread or not loop_runs() else serve
        rooms = self._rooms
        with rooms.inline.lock:
            self._server = server = make(
                rooms.hub,
                rooms.store,
                rooms.ring,
                config=self.config,
                static=STATIC,
                name=self.name,
                host=host,
                port=port,
                token=self.token,
                read_token=self.read_token,
                commands=rooms.commands,
                is_ready=lambda: not self._closed,
                pictures=rooms.streams,
                on_ended=ended,
            )
        self._announce(server, file)
        _served.add(self)
        ipython.tell_of_cells(server)
        prepare_views(server)
        server.notify()
        return server

    def _announce(self, server: Server, file: ConnectionFile) -> None:
        """Let this user's other programs find the server."""
        if not self.config.connection_file:
            return
        try:
            file.write(name=self.name, url=server.url, token=self.token, epoch=self.epoch)
        except OSError as error:
            self.log("orchestrator").warn(
                f"Other programs cannot find this orchestrator by itself, only by its URL: {error}"
            )

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def server(self) -> Server | None:
        """The running server, if any."""
        server = self._server
        return None if server is None or server.is_closed else server

    def link(self) -> dict[str, str]:
        """How a widget reaches the orchestrator, which begins to serve where it does not yet.

        Returns:
            ``url`` (of the socket), ``page`` (of the page), ``token`` (a secret), ``epoch``, and by what the server
            there is known: it answers ``nonce`` with ``proof``.
        """
        server = self.server or self.serve()
        link = {"url": server.ws_url, "page": server.url, "token": self.token, "epoch": self.epoch}
        return {**link, **new_challenge(self.token)}

    def dashboard(self, **options: Any) -> Dashboard:
        """Make the dashboard widget: badge, runs, devices, streams, findings, state and log, live.

        Args:
            options: ``height`` of the log pane in pixels, and ``query``, which it shows at first.
        """
        # Anywidget takes a while to import, and who shows no widget needs none of it.
        from autobench_nb.notebook.widgets import Dashboard

        return Dashboard(self, **options)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.dashboard()._repr_mimebundle_(**kwargs)

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of every log entry, and out of the picture that a saved notebook keeps."""
        return self._rooms.ring.redactor

    # --- its end

    def before_close(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once, when :meth:`close` has ended what ran and before the server goes."""
        self._farewells.append(callback)

    def close(self) -> None:
        """Cancel what runs, send what waits, say goodbye to every client. State and log stay readable."""
        if self._closed:
            return
        self._closed = True
        _open.discard(self)
        _served.discard(self)
        rooms, journal = self._rooms, self._rooms.journal
        if journal is not None:
            journal.begin_close()
        for end in (rooms.pressure.close, rooms.recipe_runs.close, rooms.runner.close):
            end()
        for end in (rooms.pno.close, rooms.devices.close, rooms.streams.close, rooms.tracker.close):
            end()
        self._bridges.close()
        for farewell in self._farewells:
            farewell()
        if self._server is not None:
            self._server.close()
        if journal is not None:
            journal.close()

    def __repr__(self) -> str:
        where = "closed" if self._closed else self.server.url if self.server else "not serving"
        return f"<Orchestrator {self.name!r} {where}>"

    def after_fork_in_child(self) -> None:
        """In a forked child state and log stay readable, and a logger logs into the child's copy; all else is gone."""
        self._closed = True
        _open.discard(self)
        _served.discard(self)
        rooms = self._rooms
        for one in (rooms.inline, rooms.pressure, rooms.tracker, rooms.streams):
            one.after_fork_in_child()

    def _check_open(self) -> None:
        if self._process != os.getpid():
            raise ClosedError(
                f"this orchestrator belongs to process {self._process}, of which this one is a fork: make a new one."
            )
        if self._closed:
            raise ClosedError("this orchestrator is closed: make a new one.")


_open: weakref.WeakSet[Orchestrator] = weakref.WeakSet()
_served: set[Orchestrator] = set()
"""Those that have a server: they are kept, since a page may look at one to which nobody holds a reference."""


@atexit.register
def _close_all() -> None:
    """A kernel that ends without ``close()`` still says goodbye, and leaves no child process behind."""
    for orchestrator in tuple(_open):
        orchestrator.close()
