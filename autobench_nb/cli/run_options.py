"""The options of ``autobench-nb run`` and ``resume``."""

from __future__ import annotations

# No more than the help needs is imported here: it shall come at once.
import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Final, TypeAlias

    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

RUN: Final = """\
Run a recipe and follow it to its end. What goes on is told on stderr: a picture in a terminal, lines elsewhere and with
--plain. What came out is written to stdout, or to a file: a table of the steps, JSON with everything, CSV or Parquet
with a row for each measured repetition.

Questions of operator steps are answered by a line of standard input. Ctrl-C (or SIGTERM) cancels the run in order; a
second one ends the program and all that it started at once. With --journal all of it is kept as it happens:
"autobench-nb list --journal" shows it, "autobench-nb resume --journal" goes on with what was interrupted.

Exit status: 0 where the run succeeded; 1 where it failed; 2 where it could not begin (the recipe, a parameter, the
journal or the output file); 3 where it was cancelled; 124 where its time was up; 130 after a second Ctrl-C.
"""
RESUME: Final = """\
Go on with a run that was interrupted when its program ended: what was finished is kept, the rest is done. Without RUN
the only one that was interrupted is meant. Options and exit status as of "autobench-nb run".
"""


def add_run(commands: Subparsers, path: Callable[[str], Path]) -> None:
    """Add the two commands; ``path`` makes a path of a text."""
    written = argparse.RawDescriptionHelpFormatter
    run = commands.add_parser("run", help="run a recipe", description=RUN, formatter_class=written)
    run.add_argument("recipe", type=path, metavar="RECIPE")
    run.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter's value; may be repeated",
    )
    run.add_argument("--journal", type=path, metavar="FILE", help="keep all of it in this journal")
    run.add_argument("--folder", type=path, help="where the steps run (default: a new one in /tmp)")
    run.add_argument("--seed", type=int, help="of the random orders (default: drawn)")
    _add_shared(run, path)
    run.set_defaults(run=_run)
    resume = commands.add_parser(
        "resume", help="go on with an interrupted run", description=RESUME, formatter_class=written
    )
    resume.add_argument("run_id", metavar="RUN", nargs="?", help="its id (default: the only one)")
    resume.add_argument("--journal", type=path, metavar="FILE", required=True, help="its journal")
    _add_shared(resume, path)
    resume.set_defaults(run=_resume)


def _add_shared(parser: argparse.ArgumentParser, path: Callable[[str], Path]) -> None:
    parser.add_argument(
        "--parallelism", type=int, metavar="N", help="steps that may run at once (default: 1)"
    )
    parser.add_argument("--plain", action="store_true", help="lines for logs, no picture")
    parser.add_argument(
        "-o",
        "--output",
        type=path,
        metavar="FILE",
        help="write there (.json, .csv, .parquet, .txt)",
    )
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv", "parquet"),
        help="of what comes out (default: what FILE's name says, else table)",
    )


def _run(options: argparse.Namespace) -> int:
    from autobench_nb.cli.run_command import run_recipe  # takes a while to import: not for --help

    return run_recipe(options)


def _resume(options: argparse.Namespace) -> int:
    from autobench_nb.cli.run_command import resume_run  # as above

    return resume_run(options)
