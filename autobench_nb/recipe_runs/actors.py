"""What steps act on besides commands and callables. The rooms of devices and of streams implement these Protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, overload

from autobench_nb.contract.records import JobStatus
from autobench_nb.jobs.ledger import Ledger
from autobench_nb.jobs.runner import Runner
from autobench_nb.logs.text import clean
from autobench_nb.processes.stop import Stop
from autobench_nb.recipe_runs.other_steps import Prompt
from autobench_nb.recipe_runs.power_watch import Meter


class DeviceActions(Protocol):
    """Does what a step says with ``device``. ``bench.devices`` is one."""

    def act(
        self,
        device_id: str,
        action: str,
        arguments: Mapping[str, Any],
        *,
        timeout_s: float | None,
        stop: Stop[JobStatus],
    ) -> Mapping[str, float]:
        """Do an action and return when it is acknowledged; blocks the calling thread.

        Args:
            device_id: Which device.
            action: One of its actions.
            arguments: As the recipe has them.
            timeout_s: Seconds after which nobody waits any longer; None: the device's own limit.
            stop: The wish that it should end early.

        Returns:
            Metrics of the step by their names, such as what an instrument has read.

        Raises:
            TimeoutError: It was not acknowledged in time.
            AutoBenchError: There is no such device or action, or it has failed; its text is the step's reason.
        """


class ActiveRecording(Protocol):
    """A recording that goes on."""

    def stop(self) -> Mapping[str, float]:
        """End it, and return when the file is whole: metrics of the step, such as its pictures.

        Raises:
            AutoBenchError: Nothing usable was recorded; its text is the step's reason.
        """


class StreamRecordings(Protocol):
    """Does what a step says with ``record``. ``bench.streams`` is one."""

    def record(self, stream_id: str, file: Path) -> ActiveRecording:
        """Begin to record a stream into ``file``; returns when the first picture is there.

        Raises:
            AutoBenchError: There is no such stream, or it cannot be recorded; its text is the step's reason.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """What a run acts through.

    Attributes:
        runner: Does the jobs of steps.
        ledger: What outlives the process.
        devices: Do what ``device`` steps say; None where there are none.
        streams: Do what ``record`` steps say; None where there are none.
        ask: Shows a question until it is answered.
        withdraw: Shows it no longer.
        write: Writes a run to the state; False where that is to be tried again soon.
        complain: Has a run written anew of which the state has refused something, and is told the error if it is news.
        meter: Gives the samples of the power meter and its quantity; None where there are no devices.
    """

    runner: Runner
    ledger: Ledger
    devices: Any
    streams: Any
    ask: Callable[[Prompt], None]
    withdraw: Callable[[Prompt], None]
    write: Callable[[Any], bool]
    meter: Meter | None
    complain: Callable[[Any, Exception | None], None]

    @overload
    def seen(self, text: str) -> str: ...
    @overload
    def seen(self, text: None) -> None: ...
    def seen(self, text: str | None) -> str | None:
        """A text as anybody may see it."""
        return None if text is None else self.runner.redact(clean(text))
