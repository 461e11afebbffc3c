"""How a server begins: on the running loop, or on the pump's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from autobench_nb.config import Config
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.transports.auth import Gate, check_token, new_token
from autobench_nb.transports.command_queue import CommandQueue
from autobench_nb.transports.commands import Command
from autobench_nb.transports.http.admission import BoundedHTTPServer
from autobench_nb.transports.http.handlers import Site
from autobench_nb.transports.http.streams import PictureSource
from autobench_nb.transports.listening import bind
from autobench_nb.transports.liveness import Liveness
from autobench_nb.transports.loop_thread import LoopThread
from autobench_nb.transports.pump import Pump
from autobench_nb.transports.server import START_TIMEOUT_S, Server, application

MAX_FORM_BYTES: Final = 65_536
"""Of a body that is not a log; ``/api/logs`` has its own limit."""
MAX_HEADER_BYTES: Final = 65_536
IDLE_TIMEOUT_S: Final = 60.0
"""Between two requests on one connection."""
BODY_TIMEOUT_S: Final = 60.0
PUMP_THREAD: Final = "autobench-pump"


def _nothing() -> None:
    """Nobody is to be told."""


def serve(*args: Any, **kwargs: Any) -> Server:
    """Serve a hub on the running loop, which accepts and reads; what is written leaves from the pump's thread.

    ``Server.notify`` is to be the ``on_dirty`` of store and ring. Takes what :func:`serve_in_thread` takes.

    Raises:
        PortError: The port cannot be had.
    """
    return _serve(None, *args, **kwargs)


def serve_in_thread(*args: Any, **kwargs: Any) -> Server:
    """As :func:`serve`, with everything on the pump's thread: a cell that blocks the notebook's loop blocks nothing."""
    thread = LoopThread(PUMP_THREAD)
    outcome: Future[Server] = Future()

    def make() -> None:
        try:
            outcome.set_result(_serve(thread, *args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            outcome.set_exception(error)

    thread.call_soon(make)
    try:
        return outcome.result(START_TIMEOUT_S)
    except BaseException:
        thread.stop()
        raise


def _serve(
    thread: LoopThread | None,
    hub: Hub,
    store: StateStore,
    ring: LogRing,
    *,
    config: Config,
    static: Path,
    name: str,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    read_token: str | None = None,
    commands: Mapping[str, Command] | None = None,
    is_ready: Callable[[], bool] = lambda: True,
    direct_writer: bool = True,
    pictures: PictureSource | None = None,
    on_ended: Callable[[], None] = _nothing,
) -> Server:
    """On the loop that is to accept and read.

    Args:
        thread: The pump's thread, where that is the loop's; else a new one is made.
        token: The access token (default: made anew).
        read_token: Lets clients look and not command (default: none does).
        static: The folder of the built browser bundles.
        port: The TCP port; 0 takes any free one.
        direct_writer: Whether sockets are written to directly, and not through tornado's ``write_message``.
        pictures: Whose pictures are served below ``/api/streams``.
        on_ended: Called when nothing here touches the hub any more.
    """
    token = new_token() if token is None else check_token(token)
    sockets = bind(host, port)
    queue = CommandQueue(commands or {}, ring.append)
    pump = Pump(
        thread or LoopThread(PUMP_THREAD),
        hub,
        store,
        config=config,
        commands=queue,
        on_detached=on_ended,
    )
    port = sockets[0].getsockname()[1]
    gate = Gate(token, host=host, port=port, config=config, read_token=read_token)
    hub.prove_by(gate.proves, gate.only_reads)
    site = Site(
        name=name,
        epoch=hub.epoch,
        config=config,
        gate=gate,
        pump=pump,
        commands=queue,
        liveness=Liveness(config.ws_heartbeat_interval_ms / 1e3, pump.end_silent),
        store=store,
        ring=ring,
        log=ring.append,
        static=static,
        is_ready=is_ready,
        direct_writer=direct_writer,
        pictures=pictures,
    )
    http = BoundedHTTPServer(
        application(site),
        half_open=site.half_open,
        on_exhausted=lambda sentence: ring.append("orchestrator", "error", sentence),
        max_body_size=MAX_FORM_BYTES,
        max_header_size=MAX_HEADER_BYTES,
        idle_connection_timeout=IDLE_TIMEOUT_S,
        body_timeout=BODY_TIMEOUT_S,
    )
    http.add_sockets(sockets)
    return Server(site, http, sockets, host)
