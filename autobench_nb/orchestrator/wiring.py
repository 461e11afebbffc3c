"""How the rooms are put together: built from left to right, each given what it needs of those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from autobench_nb import __version__
from autobench_nb.config import Config
from autobench_nb.devices import Devices
from autobench_nb.devices.commands import device_commands
from autobench_nb.devices.panic import PausesByDevices
from autobench_nb.jobs.commands import job_commands, result_commands
from autobench_nb.jobs.executors.executor import Executor, check_executors
from autobench_nb.jobs.ledger import NoLedger
from autobench_nb.jobs.printed import printed_in
from autobench_nb.jobs.runner import Runner
from autobench_nb.jobs.track import Tracker
from autobench_nb.jobs.work import limit_of
from autobench_nb.logs.channels import Channels
from autobench_nb.logs.commands import log_commands
from autobench_nb.logs.entry import Level
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.orchestrator.back_pressure import BackPressure
from autobench_nb.orchestrator.commands import Commands
from autobench_nb.orchestrator.inline_flush import InlineFlush
from autobench_nb.orchestrator.resuming import Resumer
from autobench_nb.pno import Pno
from autobench_nb.pno.commands import pno_commands
from autobench_nb.pno.gather import Gatherer
from autobench_nb.recipe_runs.commands import recipe_commands
from autobench_nb.recipe_runs.runs import RecipeRuns
from autobench_nb.sidecars import Streams, stream_commands
from autobench_nb.state.commit import Commit
from autobench_nb.state.model import initial_state
from autobench_nb.state.projections import PNO_SUMMARY, Projection
from autobench_nb.state.store import StateStore
from autobench_nb.sync.server.hub import Hub
from autobench_nb.tables.logs_view import Logs
from autobench_nb.transports.auth import session_commands
from autobench_nb.transports.commands import Command

if TYPE_CHECKING:
    from autobench_nb.journal.live import LiveJournal
    from autobench_nb.journal.settings import Journal
    from autobench_nb.transports.server import Server


@dataclass(frozen=True, slots=True)
class Rooms:
    """All that one orchestrator consists of, except its server."""

    channels: Channels
    ring: LogRing
    store: StateStore
    hub: Hub
    inline: InlineFlush
    pressure: BackPressure
    runner: Runner
    recipe_runs: RecipeRuns
    tracker: Tracker
    devices: Devices
    streams: Streams
    pno: Pno
    journal: LiveJournal | None
    resumer: Resumer
    commands: Commands


def wire(
    config: Config,
    *,
    name: str,
    epoch: str,
    token: str,
    read_token: str,
    parallelism: int,
    redact: Iterable[str],
    projections: Iterable[Projection],
    executors: Mapping[str, Executor] | None,
    journal: Journal | None,
    server: Callable[[], Server | None],
    is_served: Callable[[], bool],
) -> Rooms:
    """Build the rooms of one orchestrator; :class:`~autobench_nb.orchestrator.orchestrator.Orchestrator` says what of.

    Args:
        config: All settings, checked.
        name: Stands in the dashboard's head.
        epoch: Names this life.
        token, read_token: What clients prove themselves with: who may command, and who may only look.
        server: Gives the server that runs, if one does.
        is_served: Whether a server still drives the hub, be it only to close.
    """

    def notify() -> None:
        (server() or inline).notify()

    redact, tokens = list(redact), [token, read_token]
    channels = Channels()
    ring = _ring(config, channels, redact, tokens, notify)
    store = StateStore(
        _first_state(name, epoch, config, channels),
        projections=[PNO_SUMMARY, *projections],
        on_dirty=notify,
        log_position=lambda: ring.next_seq,
        on_fault=lambda sentence, error: hub.faults.tell(sentence, error),
    )
    hub = Hub(store, ring, epoch=epoch, config=config, token=token)
    inline = InlineFlush(hub, is_served)
    pressure = BackPressure(ring, config.log_capacity, partial(_flush_soon, server))
    # Checked before the journal is opened, which would stay open.
    limit_of("parallelism", parallelism)
    check_executors(executors)
    keeps = _journal(journal, epoch, ring, store)
    runner = _runner(store, ring, pressure, executors, parallelism, keeps)
    devices = Devices(store, ring.append, keeps, redact=ring.redactor.text)
    streams = Streams(store, ring.append, redact=ring.redactor.text)
    recipe_runs = _recipe_runs(store, ring, runner, devices, streams)
    resumer = Resumer(keeps, runner, recipe_runs)
    # Whoever opens a job sees its environment: there the built-in set of secrets is always on.
    told = partial(Redactor, [*config.log_redact_regex, *redact], secrets=True, literals=tokens)
    pno = _pno(store, ring, runner, keeps, inline)
    commands = _commands(
        log_commands(ring, config.client_budget_bytes),
        *(job_commands(runner, told), result_commands(runner.results)),
        *(recipe_commands(recipe_runs), resumer.commands()),
        *(device_commands(devices), pno_commands(pno)),
        session_commands(partial(_new_code, server)),
        stream_commands(streams),
    )
    store.subscribe(_after_flush(store, channels, pressure, config), "/logs")
    return Rooms(
        *(channels, ring, store, hub, inline, pressure, runner),
        recipe_runs=recipe_runs,
        tracker=Tracker(store, redact=ring.redactor.text),
        devices=devices,
        streams=streams,
        pno=pno,
        journal=keeps,
        resumer=resumer,
        commands=commands,
    )


def _first_state(name: str, epoch: str, config: Config, channels: Channels) -> dict[str, Any]:
    return initial_state(
        name=name,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        build=__version__,
        epoch=epoch,
        config=config,
        channels=channels.names,
    )


def _runner(
    store: StateStore,
    ring: LogRing,
    pressure: BackPressure,
    executors: Mapping[str, Executor] | None,
    parallelism: int,
    keeps: LiveJournal | None,
) -> Runner:
    return Runner(
        *(store, ring.append, executors),
        parallelism=parallelism,
        ledger=NoLedger() if keeps is None else keeps,
        ready=pressure.wait,
        printed=printed_in(ring),
        redact=ring.redactor.text,
    )


def _recipe_runs(
    store: StateStore, ring: LogRing, runner: Runner, devices: Devices, streams: Streams
) -> RecipeRuns:
    # Steps of recipes measure by themselves, their preparations left out.
    runner.gauges.append(devices.gauge)
    runs = RecipeRuns(
        *(store, ring.append, runner, devices, streams),
        gauges=[devices.gauge],
        meter=devices.meter,
    )
    devices.supervisor.gate = _gate_of(store, runs)
    return runs


def _pno(
    store: StateStore, ring: LogRing, runner: Runner, keeps: LiveJournal | None, inline: InlineFlush
) -> Pno:
    durations = None if keeps is None else keeps.durations
    written = {} if keeps is None else {"the journal": str(keeps.settings.file.parent)}
    gatherer = Gatherer(store, Logs(ring).last, runner.results, durations, written)
    return Pno(store, gatherer=gatherer, before_follow=inline.begin_to_follow)


def _commands(*rooms: Mapping[str, Command]) -> Commands:
    commands = Commands()
    for handlers in rooms:
        commands.add(handlers)
    return commands


def _ring(
    config: Config,
    channels: Channels,
    redact: Iterable[str],
    tokens: list[str],
    notify: Callable[[], None],
) -> LogRing:
    """The log, from which whatever must not be seen is taken: the settings' patterns, further ones, and the tokens."""
    patterns = [*config.log_redact_regex, *redact]
    redactor = Redactor(patterns, secrets=config.log_redact_secrets, literals=tokens)
    return LogRing(
        config.log_capacity,
        channels=channels,
        redactor=redactor,
        min_level=Level.parse(config.log_level_min),
        on_dirty=notify,
    )


def _journal(
    settings: Journal | None, epoch: str, ring: LogRing, store: StateStore
) -> LiveJournal | None:
    """The journal, which also takes what the ring lets go where that was asked for."""
    if settings is None:
        return None
    # SQLite takes a while to import, and who keeps no journal needs none of it.
    from autobench_nb.journal.live import LiveJournal

    journal = LiveJournal(settings, epoch=epoch, log=ring.append, tell=store.set)
    ring.archive = journal.archive
    return journal


def _gate_of(store: StateStore, runs: RecipeRuns) -> PausesByDevices:
    """What pauses the queue while a critical device is degraded."""

    def why() -> str | None:
        paused = store.get("/jobs/paused", None)
        return None if paused is None else str(paused["reason"])

    return PausesByDevices(why, runs.pause_queue, runs.resume_queue)


def _new_code(server: Callable[[], Server | None]) -> str | None:
    """A one-time code of the server; None where none runs."""
    running = server()
    return None if running is None else running.new_code()


def _flush_soon(server: Callable[[], Server | None]) -> bool:
    """Ask the server for a flush; False where none runs."""
    running = server()
    if running is not None:
        running.flush()
    return running is not None


def _after_flush(
    store: StateStore, channels: Channels, pressure: BackPressure, config: Config
) -> Callable[[Commit], None]:
    """Makes what runs after each flush with log entries: who floods goes on, new channels are told."""
    told = channels.version

    def after_flush(_commit: Commit) -> None:
        nonlocal told
        pressure.flushed(store.get("/logs/nextSeq"))
        version = channels.version
        if version != told and not config.log_channel_allowlist:
            told = version
            store.set("/serverConfig/logs/allowedChannels", list(channels.names))

    return after_flush
