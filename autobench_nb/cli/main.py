"""``autobench-nb``: an orchestrator without a notebook, and replays of log files."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from autobench_nb.cli.replay import Pace, parse_speed, poster, read_file, replay, ring_sink, shifted
from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.errors import AutoBenchError
from autobench_nb.logs.formats import LineReader, ParsedLine
from autobench_nb.orchestrator.orchestrator import Orchestrator

DEFAULT_PORT: Final = 8765
FAILED: Final = 2
"""The exit code of everything that cannot be done as asked."""

_SERVE = """\
Serve the page, the socket and the HTTP interface of one orchestrator, until SIGINT or SIGTERM.

Prints one line with the URL once it answers. The access token is the value of AUTOBENCH_TOKEN; without it one is made,
and the printed URL holds it. From any language:

  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" --data-binary 'a line' http://127.0.0.1:8765/api/logs
  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" 'http://127.0.0.1:8765/api/logs?query=level>=warn&format=csv'
  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" http://127.0.0.1:8765/api/state

Further settings are environment variables; the README has the table.
"""
_REPLAY = """\
Replay log files. Formats are recognised line by line (syslog, log4j, JSON lines, Apache); what is not is kept as it is.

Without --url it serves an orchestrator of its own, prints its URL, and goes on serving until SIGINT or SIGTERM. With
--url the lines go to one that is running. At a pace (--speed 1x) they come as if it happened now; at full speed they
keep their own times. Each file is a channel, named after it.
"""


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 (any free one) to 65535")
    return int(text)


def _capacity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 100_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no capacity: give 1 to 100,000,000")
    return int(text)


def _speed(text: str) -> float | None:
    try:
        return parse_speed(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: give 1x, 10x or max") from None


def parser() -> argparse.ArgumentParser:
    """All that the command line takes."""
    top = argparse.ArgumentParser(
        prog="autobench-nb",
        description="AutoBench: live state, logs and jobs, mirrored everywhere.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version('autobench-nb')}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    raw = argparse.RawDescriptionHelpFormatter

    serve = commands.add_parser(
        "serve", help="serve an orchestrator", description=_SERVE, formatter_class=raw
    )
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    serve.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="0: any free one (default: %(default)s)"
    )
    serve.add_argument(
        "--log-capacity",
        type=_capacity,
        metavar="N",
        help="log entries held (default: LOG_CAPACITY, or 500)",
    )
    serve.set_defaults(run=_serve)

    again = commands.add_parser(
        "replay", help="replay a log file", description=_REPLAY, formatter_class=raw
    )
    again.add_argument("files", type=Path, metavar="FILE", nargs="+")
    again.add_argument(
        "--speed",
        type=_speed,
        default="max",
        help="1x as it happened, 10x, max (default: %(default)s)",
    )
    again.add_argument("--channel", help="for lines that name none (default: the file's name)")
    again.add_argument("--url", help="a running server's (default: serve here)")
    again.add_argument("--token", help=f"of that server (default: the value of {TOKEN_VARIABLE})")
    again.add_argument("--port", type=_port, default=0, help="to serve here on (default: any)")
    again.add_argument(
        "--log-capacity",
        type=_capacity,
        metavar="N",
        default=100_000,
        help="log entries held here (default: %(default)s)",
    )
    again.set_defaults(run=_replay)
    return top


def _serve(options: argparse.Namespace) -> int:
    return asyncio.run(_serve_until_told(options))


async def _serve_until_told(options: argparse.Namespace) -> int:
    settings = {} if options.log_capacity is None else {"log_capacity": options.log_capacity}
    with Orchestrator(**settings) as bench:
        await _serve_here(bench, options.host, options.port)
    return 0


async def _serve_here(
    bench: Orchestrator, host: str, port: int, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Serve until SIGINT or SIGTERM, and do ``meanwhile`` on a thread."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    server = bench.serve(host=host, port=port)
    # A token that the environment holds is known to whoever set it, and stays out of terminals and journals.
    url = server.url if os.environ.get(TOKEN_VARIABLE) else f"{server.url}?access={server.token}"
    print(url, flush=True)
    work = asyncio.create_task(asyncio.to_thread(meanwhile))
    ended = asyncio.create_task(told.wait())
    await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()  # what it could not do is this command's failure
        await ended
    server.close()
    await server.wait_closed()


def _replay(options: argparse.Namespace) -> int:
    for path in options.files:
        with path.open("rb"):  # a file that cannot be read is said before anything is served
            pass
    if options.url is None:
        return asyncio.run(_replay_here(options))
    token = options.token or os.environ.get(TOKEN_VARIABLE, "")
    sent = 0
    for path, lines in _files(options):
        sink = poster(options.url, token, options.channel or path.stem)
        sent += replay(lines, sink, Pace(options.speed), _pause)
    print(f"{sent:,} lines sent to {options.url}")
    return 0


async def _replay_here(options: argparse.Namespace) -> int:
    over = threading.Event()
    # The file's lines and no others: what the server would say of today would stretch the file's time over years.
    with Orchestrator(
        "Replay",
        log_capacity=options.log_capacity,
        request_sample=0.0,
        ws_connection_log=False,
    ) as bench:

        def all_files() -> None:
            for path, lines in _files(options):
                replay(
                    lines,
                    ring_sink(bench.log(options.channel or path.stem)),
                    Pace(options.speed),
                    over.wait,
                )

        try:
            await _serve_here(bench, "127.0.0.1", options.port, all_files)
        finally:
            over.set()
    return 0


def _files(options: argparse.Namespace) -> Iterator[tuple[Path, Iterable[ParsedLine]]]:
    """Each file with its lines; at a pace they are moved to now."""
    for path in options.files:
        lines: Iterable[ParsedLine] = read_file(path, LineReader(now=time.time()))
        yield path, lines if options.speed is None else shifted(lines, time.time() * 1000)


def _pause(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (AutoBenchError, OSError) as error:
        print(f"autobench-nb: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
