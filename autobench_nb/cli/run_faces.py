"""What shows a run in a terminal while it goes on: lines for logs, or a picture that is drawn again."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from autobench_nb.cli import run_text
from autobench_nb.contract.steps import RecipeRunRecord, StepRecord, StepStatus

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

HEARTBEAT_S: Final = 30.0
"""Seconds after which lines for logs say how far the run is, though nothing has happened."""
_QUIET: Final = frozenset({StepStatus.WAITING, StepStatus.QUEUED})
_COLORS: Final = {
    StepStatus.SUCCEEDED: "green",
    StepStatus.FAILED: "bold red",
    StepStatus.TIMEOUT: "bold red",
    StepStatus.CANCELLED: "yellow",
    StepStatus.SKIPPED: "dim",
    StepStatus.RUNNING: "cyan",
    StepStatus.RETRYING: "yellow",
}


def tell(text: str, out: TextIO | None = None) -> None:
    """Print a line to stderr. Where nobody reads it any more the run goes on all the same."""
    with contextlib.suppress(BrokenPipeError):
        print(text, file=out or sys.stderr, flush=True)


class Face(Protocol):
    """Shows a run."""

    def show(self, record: RecipeRunRecord) -> None:
        """Show how it stands now."""

    def say(self, text: str) -> None:
        """Say one thing more."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class PlainFace:
    """A line for each step that begins or ends, as logs want it.

    Args:
        out: Where the lines go.
        clock: Seconds that only rise.
        details: Gives the last lines that a step printed, which are shown where it failed.
    """

    def __init__(
        self,
        out: TextIO,
        clock: Callable[[], float] = time.monotonic,
        details: Callable[[StepRecord], list[str]] = lambda step: [],  # noqa: ARG005
    ) -> None:
        self._out = out
        self._clock = clock
        self._details = details
        self._began = self._last = clock()
        self._shown: dict[str, tuple[str, int]] = {}
        self._is_first = True

    def show(self, record: RecipeRunRecord) -> None:
        """Print what has changed."""
        if self._is_first:
            self._is_first = False
            self.say(run_text.headline(record))
        units = run_text.units_of(record)
        for name, step in record.get("steps", {}).items():
            state = (str(step["status"]), step.get("tries", 0))
            if state == self._shown.get(name) or state[0] in _QUIET:
                continue
            self._shown[name] = state
            self.say(run_text.step_line(step, units))
            if state[0] in (StepStatus.FAILED, StepStatus.TIMEOUT):
                for line in self._details(step):
                    self.say(f"    {run_text.printable(line)}")
        if self._clock() - self._last >= HEARTBEAT_S:
            running = [
                name
                for name, step in record.get("steps", {}).items()
                if step["status"] == StepStatus.RUNNING
            ]
            what = f"; running: {', '.join(running[:3])}" if running else ""
            self.say(run_text.printable(f"{run_text.standing(record)}{what}"))

    def say(self, text: str) -> None:
        """Print one line, with the seconds since the beginning."""
        self._last = self._clock()
        tell(f"[{self._last - self._began:8.2f} s] {text}", self._out)

    def close(self) -> None:
        """Nothing is to be left."""


class LiveFace:
    """A picture that is drawn again: a bar, what runs, what ended last. Settled steps that failed stay above it.

    Args:
        console: Rich's, on the terminal.
        details: As :class:`PlainFace` has it.
    """

    def __init__(
        self,
        console: Console,
        details: Callable[[StepRecord], list[str]] = lambda step: [],  # noqa: ARG005
    ) -> None:
        from rich.live import Live

        self._console = console
        self._details = details
        self._failed: set[tuple[str, int]] = set()
        self._last: RecipeRunRecord | None = None
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, record: RecipeRunRecord) -> None:
        """Draw how it stands now."""
        if self._last is None:
            self._print(run_text.headline(record))
        self._last = record
        units = run_text.units_of(record)
        for name, step in record.get("steps", {}).items():
            key = (name, step.get("tries", 0))
            if (
                step["status"] in (StepStatus.FAILED, StepStatus.TIMEOUT)
                and key not in self._failed
            ):
                self._failed.add(key)
                self._print(run_text.step_line(step, units), "bold red")
                for line in self._details(step):
                    self._print(f"    {run_text.printable(line)}", "dim")
        self._live.update(self._picture(record), refresh=True)

    def _picture(self, record: RecipeRunRecord) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        room = max(3, self._console.size.height - 4)
        units = run_text.units_of(record)
        lines = [
            Text(run_text.step_line(step, units), _COLORS.get(step["status"], ""), no_wrap=True)
            for step in steps_worth_a_line(record, room)
        ]
        counts = record.get("counts", {})
        settled = sum(count for name, count in counts.items() if name in run_text.SETTLED)
        width = min(60, self._console.size.width)
        bar = ProgressBar(total=max(1, record.get("total", 1)), completed=settled, width=width)
        return Group(*lines, bar, Text(run_text.standing(record), no_wrap=True))

    def say(self, text: str) -> None:
        """Print a line above the picture."""
        self._print(text, "bold")

    def _print(self, text: str, style: str = "") -> None:
        # Brackets in names of steps are no markup.
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the picture away, and give the cursor back."""
        self._live.stop()


def steps_worth_a_line(record: RecipeRunRecord, room: int) -> list[StepRecord]:
    """The steps that a picture of ``room`` lines shows: all, or what runs and what ended last, in the plan's order."""
    steps = sorted(record.get("steps", {}).values(), key=lambda step: step.get("number", 0))
    if len(steps) <= room:
        return steps
    busy = [step for step in steps if step["status"] not in run_text.SETTLED | _QUIET]
    ended = [step for step in steps if step["status"] in run_text.SETTLED]
    ended.sort(key=lambda step: step.get("finishedAt") or 0.0)
    left = room - len(busy[:room])
    chosen = [*busy[:room], *(ended[-left:] if left else [])]
    return sorted(chosen, key=lambda step: step.get("number", 0))


def face_for(plain: bool, details: Callable[[StepRecord], list[str]]) -> Face:
    """The picture where stderr is a terminal that can be drawn on, else lines."""
    out = sys.stderr
    if plain or not out.isatty() or os.environ.get("TERM") == "dumb":
        return PlainFace(out, details=details)
    try:
        from rich.console import Console
    except ImportError:
        print(
            "autobench-nb: plain lines, since rich is not installed: pip install 'autobench-nb[cli]'",
            file=out,
        )
        return PlainFace(out, details=details)
    return LiveFace(Console(file=out), details=details)
