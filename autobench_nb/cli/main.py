"""``autobench-nb``: an orchestrator without a notebook, replays of log files, and a list of what serves."""

from __future__ import annotations

# No more than the help needs is imported here: it shall come at once.
import argparse
import os
import sys

from autobench_nb import __version__
from autobench_nb.cli.run_options import add_run
from autobench_nb.errors import AutoBenchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Final, TypeAlias

DEFAULT_PORT: Final = 8765
FAILED: Final = 2
"""The exit code of everything that cannot be done as asked."""

_SERVE = """\
Serve the page, the socket and the HTTP interface of one orchestrator, until SIGINT or SIGTERM.

Prints one line with the URL once it answers. The access token is the value of AUTOBENCH_TOKEN. Without it one is made
that nobody sees, and the printed URL signs one browser in, once, within ten minutes. From any language:

  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" --data-binary 'a line' http://127.0.0.1:8765/api/logs
  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" 'http://127.0.0.1:8765/api/logs?query=level>=warn&format=csv'
  curl -H "Authorization: Bearer $AUTOBENCH_TOKEN" http://127.0.0.1:8765/api/state

Further settings are environment variables; the page "Settings" of the documentation lists them.
"""
_REPLAY = """\
Replay log files of other programs. Some forty kinds are recognised, and of each file the one that fits most lines is
taken. Indented lines and tracebacks belong to the entry above; what no format takes is kept as it is. gzip, bzip2, xz
and UTF-16 are read as they are; "-" is the standard input. Several files are merged by their times.

Without --url it serves an orchestrator of its own, prints its URL, and goes on serving until SIGINT or SIGTERM. With
--url the entries go to one that is running; its token is the value of AUTOBENCH_TOKEN. At a pace (--speed 1x) they come
as if it happened now; at full speed they keep their own times. Each file is a channel, named after it.

At the end it says how many lines were recognised, and as what. Exit status: 0 where all went as asked; 1 where
something was not taken (no line of a file recognised, a damaged file, entries that the server rejected); 2 where
nothing could be done; 130 after Ctrl-C with --url.
"""

_LIST = """\
List the orchestrators of yours that serve on this machine, in notebooks or by themselves. "busy" is one that did not
answer within a second: a cell holds it up. No token is printed: in Python, ab.connect("URL") finds it by itself.

With --journal FILE it lists the runs that a journal holds instead, those that were interrupted among them.
"""


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 (any free one) to 65535")
    return int(text)


def _capacity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 100_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no capacity: give 1 to 100,000,000")
    return int(text)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:5]) <= 9999):
        raise argparse.ArgumentTypeError(f"{text!r} is no year: give 1 to 9999")
    return int(text)


def _speed(text: str) -> float | None:
    from autobench_nb.cli.replay import parse_speed

    try:
        return parse_speed(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: give 1x, 10x or max") from None


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


_AS_WRITTEN: Final = argparse.RawDescriptionHelpFormatter
if TYPE_CHECKING:
    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """All that the command line takes."""
    top = argparse.ArgumentParser(
        prog="autobench-nb",
        description="AutoBench: live state, logs and jobs, mirrored everywhere.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_replay(commands)
    _add_recipes(commands)
    add_run(commands, _path)
    _add_list(commands)
    return top


def _add_serve(commands: Subparsers) -> None:
    serve = commands.add_parser(
        "serve", help="serve an orchestrator", description=_SERVE, formatter_class=_AS_WRITTEN
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


def _add_replay(commands: Subparsers) -> None:
    again = commands.add_parser(
        "replay", help="replay a log file", description=_REPLAY, formatter_class=_AS_WRITTEN
    )
    again.add_argument("files", type=_path, metavar="FILE", nargs="+")
    again.add_argument(
        "--speed",
        type=_speed,
        default="max",
        help="1x as it happened, 10x, max (default: %(default)s)",
    )
    again.add_argument("--channel", help="for lines that name none (default: the file's name)")
    again.add_argument("--url", help="a running server's (default: serve here)")
    again.add_argument(
        "--token",
        help="of that server; shows in the list of processes, so rather set AUTOBENCH_TOKEN",
    )
    again.add_argument(
        "--token-file",
        type=_path,
        metavar="FILE",
        help='a file that holds the token ("-": the standard input)',
    )
    again.add_argument(
        "--format",
        metavar="NAME",
        help="read every line as this format (plain: none; default: what fits)",
    )
    again.add_argument(
        "--formats",
        type=_path,
        metavar="TOML",
        action="append",
        default=[],
        help="a file with formats of your own; they go before those of the package",
    )
    again.add_argument(
        "--zone",
        default="UTC",
        help="of times that name none, such as Europe/Berlin (default: UTC)",
    )
    again.add_argument(
        "--year",
        type=_year,
        help="of the first time that says none (default: what the file's age tells)",
    )
    again.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")
    again.add_argument("--port", type=_port, default=0, help="to serve here on (default: any)")
    again.add_argument(
        "--log-capacity",
        type=_capacity,
        metavar="N",
        default=100_000,
        help="log entries held here (default: %(default)s)",
    )
    again.set_defaults(run=_replay)


def _add_recipes(commands: Subparsers) -> None:
    check = commands.add_parser("check", help="check a recipe, and list the steps of a run of it")
    check.add_argument("recipe", type=_path, metavar="RECIPE")
    check.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter's value; may be repeated",
    )
    check.set_defaults(run=_check_recipe)
    first = commands.add_parser("init", help="write a first recipe to begin with")
    first.add_argument("recipe", type=_path, metavar="RECIPE", nargs="?", default="recipe.yaml")
    first.set_defaults(run=_write_recipe)


def _check_recipe(options: argparse.Namespace) -> int:
    from autobench_nb.cli.recipes import check_file  # takes a while to import: not for --help

    return check_file(options.recipe, options.parameter)


def _write_recipe(options: argparse.Namespace) -> int:
    from autobench_nb.cli.recipes import write_first  # as above

    return write_first(options.recipe)


def _add_list(commands: Subparsers) -> None:
    listing = commands.add_parser(
        "list",
        help="list what serves, or the runs of a journal",
        description=_LIST,
        formatter_class=_AS_WRITTEN,
    )
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.add_argument(
        "--journal", type=_path, metavar="FILE", help="list the runs that this journal holds"
    )
    listing.set_defaults(run=_list)


def _serve(options: argparse.Namespace) -> int:
    import asyncio

    from autobench_nb.cli.serve import serve_until_told

    return asyncio.run(serve_until_told(options))


def _replay(options: argparse.Namespace) -> int:
    from autobench_nb.cli.replay_command import replay_files

    return replay_files(options)


def _list(options: argparse.Namespace) -> int:
    if options.journal is not None:
        from autobench_nb.cli.list_runs import list_runs

        return list_runs(options)
    from autobench_nb.cli.list_command import list_servers  # as above

    return list_servers(options)


def _open_standard_streams() -> None:
    """Have all three, also where a shell has closed one: the next file that is opened would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process lives


def _words_of(error: OSError) -> str:
    """What the system said, without its number: ``recipe.yaml: No such file or directory``."""
    if error.strerror is None or error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    _open_standard_streams()
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        from autobench_nb.cli.run_output import stop_writing  # as above

        stop_writing()
        return 0
    except AutoBenchError as error:
        print(f"autobench-nb: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"autobench-nb: {_words_of(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
