"""``autobench-nb replay``: log files into a log here, or to a server elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from autobench_nb.cli.replay import Pace, replay, shifted
from autobench_nb.cli.report import ReplayProgress, problems, summary
from autobench_nb.cli.serve import serve_here
from autobench_nb.cli.sinks import Poster, ring_sink
from autobench_nb.cli.sources import STDIN, LogFile, channel_names, check_readable, merged
from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.errors import TransportError
from autobench_nb.figures import counted
from autobench_nb.logs.formats import Catalogue, LineReader, ParsedLine, read_formats, zone_named
from autobench_nb.orchestrator.orchestrator import Orchestrator

NOT_ALL: Final = 1
"""The exit status where something was not taken."""
INTERRUPTED: Final = 130
END_S: Final = 1.0
"""Seconds that a replay has to end in, once it is told to."""


def replay_files(options: argparse.Namespace) -> int:
    """Replay the files as the options say.

    Args:
        options: The parsed command line: ``files``, ``url`` (``None``: into a log here), ``speed`` and the others of
            ``autobench-nb replay --help``.

    Returns:
        The exit status: 0, :data:`NOT_ALL` or :data:`INTERRUPTED`.

    Raises:
        AutoBenchError: An option cannot be, or the server cannot be reached.
        OSError: A file cannot be read.
    """
    for path in options.files:
        check_readable(path)  # said before anything is served
    files = log_files(options)
    if options.url is None:
        return asyncio.run(_replay_here(options, files))
    return _replay_there(options, files)


def log_files(options: argparse.Namespace) -> list[LogFile]:
    """The files with their channels and readers.

    Args:
        options: The parsed command line: ``files``, ``formats``, ``format``, ``channel``, ``zone`` and ``year``.

    Raises:
        ConfigError: A format, its definition or a time zone is not known.
    """
    added = [
        one
        for path in options.formats
        for one in read_formats(path.read_text("utf-8", "replace"), str(path))
    ]
    catalogue = Catalogue(added, options.format)
    zone = zone_named(options.zone)

    def reader(changed_s: float | None) -> LineReader:
        now = time.time() if changed_s is None else min(changed_s, time.time())
        return LineReader(now=max(now, 0.0), zone=zone, year=options.year, catalogue=catalogue)

    channels = (
        [options.channel] * len(options.files) if options.channel else channel_names(options.files)
    )
    return [
        LogFile(
            path,
            channel,
            reader,
            name_file=bool(options.channel) and len(options.files) > 1,
            wants_plain=options.format == "plain",
        )
        for path, channel in zip(options.files, channels, strict=True)
    ]


def access_token(options: argparse.Namespace) -> str:
    """The token for the other server.

    Args:
        options: The parsed command line, of which ``token_file`` goes before ``token``, and both before the variable
            ``AUTOBENCH_TOKEN``.

    Returns:
        The token; empty where none is given.

    Raises:
        OSError: The file of the token cannot be read.
    """
    if options.token_file is not None:
        if str(options.token_file) == STDIN:
            return sys.stdin.readline().strip()
        token: str = options.token_file.read_text("utf-8", "replace").strip()
        return token
    if options.token is not None:
        print(
            "autobench-nb: --token shows in the list of processes; set AUTOBENCH_TOKEN or give --token-file.",
            file=sys.stderr,
        )
        return str(options.token)
    return os.environ.get(TOKEN_VARIABLE, "")


def _entries(options: argparse.Namespace, files: Sequence[LogFile]) -> Iterable[ParsedLine | None]:
    """All entries in their order; at a pace they are moved to now."""
    entries = merged(files)
    return entries if options.speed is None else shifted(entries, time.time() * 1000)


def _replay_there(options: argparse.Namespace, files: Sequence[LogFile]) -> int:
    progress = ReplayProgress(quiet=options.quiet)
    sink = Poster(options.url, access_token(options), files[0].channel)
    failure: TransportError | None = None
    status = 0
    try:
        replay(_entries(options, files), sink, Pace(options.speed), _pause, progress.add)
    except TransportError as error:
        failure = error
    except KeyboardInterrupt:
        status = INTERRUPTED
    progress.end()
    if sink.accepted or failure is None:
        _print_summary(
            options, files, [f"{counted(sink.accepted, 'entry', 'entries')} sent to {options.url}"]
        )
    status = status or _report_problems(files, sink.rejected)
    if failure is not None:
        raise failure
    return status


async def _replay_here(options: argparse.Namespace, files: Sequence[LogFile]) -> int:
    over, finished, telling = threading.Event(), threading.Event(), threading.Lock()
    progress = ReplayProgress(quiet=options.quiet)
    status, is_told = 0, False
    # The file's lines and no others: what the server would say of today would stretch the file's time over years.
    with Orchestrator(
        "Replay",
        log_capacity=options.log_capacity,
        request_sample=0.0,
        ws_connection_log=False,
    ) as bench:

        def tell() -> None:
            nonlocal status, is_told
            with telling:
                if not is_told:
                    is_told = True
                    progress.end()
                    _print_summary(options, files, [])
                    status = _report_problems(files, Counter())

        def all_files() -> None:
            sink = ring_sink(bench.logs.ring, files[0].channel)
            try:
                replay(_entries(options, files), sink, Pace(options.speed), over.wait, progress.add)
            finally:
                tell()
                finished.set()

        try:
            await serve_here(bench, "127.0.0.1", options.port, all_files)
        finally:
            over.set()
            # What hangs in a pipe that nobody writes to will not come to its end: its lines so far are told.
            finished.wait(END_S)
            tell()
    return status


def _print_summary(options: argparse.Namespace, files: Sequence[LogFile], more: list[str]) -> None:
    if not options.quiet:
        print("\n".join([*summary(files), *more]), flush=True)


def _report_problems(files: Sequence[LogFile], rejected: Counter[str]) -> int:
    """Say what did not go as asked. Returns the exit status."""
    found = problems(files, rejected)
    for sentence in found:
        print(f"autobench-nb: {sentence}", file=sys.stderr)
    return NOT_ALL if found else 0


def _pause(seconds: float) -> bool:
    if seconds:
        time.sleep(seconds)
    return False
