"""Steps that are no jobs: waiting, asking a person, acting on a device, recording a stream."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from autobench_nb.contract.steps import PromptRecord, StepStatus
from autobench_nb.errors import AutoBenchError, reason_of
from autobench_nb.processes.stop import Stop
from autobench_nb.recipe_runs.reading import broken_limit
from autobench_nb.recipes.plan import PlannedStep
from autobench_nb.state.model import JobStatus

Ended: TypeAlias = Callable[[StepStatus, str | None, Mapping[str, float]], None]
"""Is told how it came out, why, and what was measured; from any thread, once."""


class OtherStep:
    """One of them that is under way.

    Args:
        plan: The planned step.
        ended: Is told the end.
    """

    def __init__(self, plan: PlannedStep, ended: Ended) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._ended: Ended | None = ended
        self.due: float | None = None
        """When :meth:`time_is_up` is to be called (``time.monotonic``)."""

    @property
    def is_over(self) -> bool:
        """Whether the end was told."""
        return self._ended is None

    def end(
        self,
        status: StepStatus,
        reason: str | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> bool:
        """Tell the end; False where that was done before."""
        with self._lock:
            ended, self._ended = self._ended, None
        if ended is None:
            return False
        ended(status, reason, metrics or {})
        return True

    def time_is_up(self) -> None:
        """Take note that ``due`` has come."""

    def stop(self, reason: str) -> None:
        """End early."""
        self.end(StepStatus.CANCELLED, reason)


class WaitStep(OtherStep):
    """Waits for so many seconds."""

    def __init__(self, plan: PlannedStep, ended: Ended, seconds: float) -> None:
        super().__init__(plan, ended)
        self.due = time.monotonic() + seconds

    def time_is_up(self) -> None:
        """Take note that it has waited."""
        self.end(StepStatus.SUCCEEDED)


class Prompt(OtherStep):
    """Waits for a person's answer.

    Attributes:
        record: The question as the state has it.
    """

    def __init__(
        self,
        plan: PlannedStep,
        ended: Ended,
        run_id: str,
        attempt: int,
        known: Mapping[str, object],
        *,
        now_ms: float,
    ) -> None:
        super().__init__(plan, ended)
        question = plan.step.operator
        assert question is not None
        self._limit_s = plan.seconds(plan.step.timeout, known)
        if self._limit_s is not None:
            self.due = time.monotonic() + self._limit_s
        self.record: PromptRecord = {
            "id": f"{run_id}/{plan.id}/{attempt}",
            "runId": run_id,
            "stepId": plan.id,
            "ask": plan.fill(question.ask, known),
            "answers": list(question.answers),
            "fails": list(question.fails),
            "askedAt": now_ms,
            "until": None if self._limit_s is None else now_ms + 1e3 * self._limit_s,
        }

    def answer(self, answer: str) -> bool:
        """Take the answer, which is one of those that may be given; False where it came too late."""
        if answer in self.record["fails"]:
            return self.end(StepStatus.FAILED, f"answered {answer!r}")
        return self.end(StepStatus.SUCCEEDED, f"answered {answer!r}")

    def time_is_up(self) -> None:
        """Take note that nobody has answered."""
        self.end(StepStatus.TIMEOUT, f"nobody has answered within {self._limit_s:g} s")


class DeviceStep(OtherStep):
    """Has a device act, in a thread of its own."""

    def __init__(
        self, plan: PlannedStep, ended: Ended, devices: Any, known: Mapping[str, object]
    ) -> None:
        super().__init__(plan, ended)
        self._devices = devices
        self._known = known
        self._stop: Stop[JobStatus] = Stop()
        threading.Thread(target=self._run, name=f"autobench-{plan.id}", daemon=True).start()

    def _run(self) -> None:
        device, timeout = self.plan.step.device, self.plan.step.timeout
        assert device is not None
        act = getattr(self._devices, "act", None)
        if act is None:
            self.end(StepStatus.FAILED, f"there is no device {device.id!r}")
            return
        try:
            limit_s = self.plan.seconds(timeout, self._known)
            arguments = {
                name: self.plan.value_of(value, self._known)
                for name, value in device.arguments.items()
            }
            found = act(device.id, device.action, arguments, timeout_s=limit_s, stop=self._stop)
        except TimeoutError as error:
            self.end(StepStatus.TIMEOUT, str(error) or "it was not acknowledged in time")
        except AutoBenchError as error:
            self.end(StepStatus.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - a driver is the user's code
            self.end(StepStatus.FAILED, reason_of(error))
        else:
            broken = broken_limit(found or {}, self.plan.step.expect)
            status = StepStatus.SUCCEEDED if broken is None else StepStatus.FAILED
            self.end(status, broken, found)

    def stop(self, reason: str) -> None:
        """Ask the device's room to end early, and wait no longer."""
        self._stop.request(JobStatus.CANCELLED, reason)
        super().stop(reason)


def put_aside(file: Path) -> None:
    """Keep what an earlier try has recorded, or a life that was killed, as ``boot.1.mkv``: it may show why that ended.

    Raises:
        OSError: It cannot be renamed.
    """
    if file.exists():
        numbers = itertools.count(1)
        names = (file.with_name(f"{file.stem}.{number}{file.suffix}") for number in numbers)
        file.rename(next(name for name in names if not name.exists()))


class RecordStep(OtherStep):
    """Records a stream while other steps run, in a thread of its own.

    Args:
        plan: The planned step.
        ended: Is told the end.
        streams: Records.
        file: Where to.
        begun: Is called once when the stream is being recorded, or never will be.
    """

    def __init__(
        self, plan: PlannedStep, ended: Ended, streams: Any, file: Path, begun: Callable[[], None]
    ) -> None:
        super().__init__(plan, ended)
        self._streams = streams
        self._file = file
        self._begun = begun
        self._enough = threading.Event()
        self._cancelled: str | None = None
        threading.Thread(target=self._run, name=f"autobench-{plan.id}", daemon=True).start()

    def _run(self) -> None:
        recording = self.plan.step.record
        assert recording is not None
        try:
            start = getattr(self._streams, "record", None)
            if start is None:
                raise AutoBenchError(f"there is no stream {recording.stream!r}")
            self._file.parent.mkdir(parents=True, exist_ok=True)
            put_aside(self._file)
            active = start(recording.stream, self._file)
            self._begun()
            self._enough.wait()
            found = active.stop()
        except (AutoBenchError, OSError) as error:
            self._begun()
            self.end(StepStatus.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - a stream may be the user's own
            self._begun()
            self.end(StepStatus.FAILED, reason_of(error))
        else:
            status = StepStatus.SUCCEEDED if self._cancelled is None else StepStatus.CANCELLED
            self.end(status, self._cancelled, found)

    def finish(self) -> None:
        """RecordStep no longer: what was to be recorded is over."""
        self._enough.set()

    def stop(self, reason: str) -> None:
        """End the recording, whose file is kept."""
        self._cancelled = reason
        self._enough.set()
