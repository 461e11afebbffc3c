"""Jobs on the workers of a Dask cluster: ``Orchestrator(executors={"lab": ab.DaskExecutor("tcp://...")})``."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.errors import JobError, reason_of
from autobench_nb.jobs.executors.dask_link import DaskLink, Remote
from autobench_nb.jobs.executors.dask_worker import RemoteReport, RemoteWork, run_remotely
from autobench_nb.jobs.executors.executor import Repetition, RepetitionOutcome
from autobench_nb.jobs.work import How, Task
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobKind, JobStatus

if TYPE_CHECKING:
    from distributed import Client as DaskClient

RETRIES: Final = 2
LOOK_S: Final = 0.5
"""How often a repetition that waits looks whether its scheduler is still there."""
LINES_S: Final = 2.0
"""How long the last lines of one that has ended are waited for."""
END_S: Final = 30.0
"""How long one that was asked to end is waited for."""


class DaskExecutor:
    """Runs each repetition on a worker of a Dask cluster, by the same means as on this machine.

    A worker that dies is a failed attempt, which is made again on another one. While the scheduler cannot be reached
    repetitions wait, and with them the queue; they go on when it is back.

    Args:
        address: The scheduler's, such as ``tcp://10.0.0.5:8786``.
        resources: What each repetition needs of its worker, such as ``{"GPU": 1}``.
        retries: How often a repetition is tried again whose worker or scheduler was lost.

    Raises:
        JobError: ``distributed`` is not installed, or an argument is not possible.
    """

    def __init__(
        self,
        address: str,
        *,
        resources: Mapping[str, float] | None = None,
        retries: int = RETRIES,
    ) -> None:
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise JobError(f"retries={retries!r} is not possible: give a whole number, 0 or more.")
        self._resources = dict(resources or {})
        self._retries = retries
        self._link = DaskLink(address)

    def refusal(self, task: Task, how: How) -> str | None:
        """Say why it cannot do this work; see :class:`Executor`."""
        if how.stdin:
            return "cannot reach a command's standard input on another machine: run it without stdin=True."
        if task.kind is JobKind.CALLABLE:
            from distributed.protocol.pickle import dumps

            try:
                dumps(task.function)
            except Exception as error:  # noqa: BLE001 - what a foreign object does when it is pickled is its own
                return f"cannot send it to a worker ({reason_of(error)})."
        return None

    def run(self, task: Task, repetition: Repetition) -> RepetitionOutcome:
        """Do one repetition; see :class:`Executor`."""
        losses: list[str] = []
        while True:
            outcome, lost = self._attempt(task, repetition, losses)
            if lost is None:
                break
            if not self._may_go_on(lost, losses, repetition):
                return _given_up(losses)
        if losses and outcome.status is JobStatus.SUCCEEDED:
            return replace(outcome, reason=f"attempt {len(losses) + 1}: before it, {losses[-1]}")
        return outcome

    def close(self) -> None:
        """Leave the cluster; it runs on."""
        self._link.close()

    def _may_go_on(self, lost: str, losses: list[str], repetition: Repetition) -> bool:
        """Count what was lost; whether another attempt may follow."""
        losses.append(lost)
        if len(losses) > self._retries:
            return False
        repetition.log.say(
            Level.WARN,
            f"{repetition.name}: attempt {len(losses)} failed: {lost}. It is tried again.",
        )
        return True

    def _attempt(
        self, task: Task, repetition: Repetition, losses: list[str]
    ) -> tuple[RepetitionOutcome, str | None]:
        """One attempt: its outcome, and what was lost where it has none of its own."""
        refused = RepetitionOutcome(status=JobStatus.FAILED)
        client = self._reach(repetition)
        if client is None:
            return _stopped(repetition), None
        why_not = self._link.why_no_workers(client)
        if why_not is not None:
            return replace(refused, reason=why_not), None
        key = f"autobench-{secrets.token_hex(8)}"
        work = RemoteWork(
            key=key,
            topic=self._link.topic,
            task=task,
            how=repetition.how,
            job_id=repetition.job_id,
            name=repetition.name,
            repetition=repetition.repetition,
        )
        with self._link.hears(key, repetition) as remote:
            try:
                future = client.submit(
                    run_remotely, work, key=key, pure=False, resources=self._resources or None
                )
            except Exception as error:  # noqa: BLE001 - the client may close in this moment, each way with its error
                return refused, f"the scheduler was lost ({type(error).__name__})"
            future.add_done_callback(lambda _: remote.wake.set())
            return self._follow(client, future, remote, repetition, losses)

    def _reach(self, repetition: Repetition) -> DaskClient | None:
        """A client that is connected; waits for one, and gives None where the job is to end meanwhile."""
        said = False
        while not repetition.stop:
            client, error = self._link.client()
            if client is not None:
                if said:
                    repetition.log.say(Level.INFO, f"{repetition.name}: the scheduler is back.")
                return client
            if not said:
                said = True
                fact = f"waits for the scheduler {self._link.address}: {error}"
                repetition.overdue(fact)
                repetition.log.say(Level.WARN, f"{repetition.name}: {fact}.")
            _wait_for_stop(repetition, LOOK_S)
        return None

    def _follow(
        self,
        client: DaskClient,
        future: Any,
        remote: Remote,
        repetition: Repetition,
        losses: list[str],
    ) -> tuple[RepetitionOutcome, str | None]:
        """Wait until it has ended, one way or the other.

        A scheduler begins what a dead worker had on another one by itself: that is the next attempt.
        """
        begun = 1
        unfollow = repetition.stop.follow(remote.wake.set)
        ends_at: float | None = None
        try:
            while not future.done():
                remote.wake.wait(LOOK_S)
                remote.wake.clear()
                if not self._link.is_connected(client):
                    return RepetitionOutcome(status=JobStatus.FAILED), "the scheduler was lost"
                if len(remote.workers) > begun:
                    begun += 1
                    lost = f"its worker {remote.workers[begun - 2]} died"
                    if not self._may_go_on(lost, losses, repetition):
                        self._link.end(client, future, remote.key, repetition)
                        return _given_up(losses), None
                if repetition.stop and ends_at is None:
                    ends_at = time.monotonic() + END_S
                    if not self._link.end(client, future, remote.key, repetition):
                        return _stopped(repetition), None
                elif ends_at is not None and time.monotonic() > ends_at:
                    return _stopped(repetition), None
            for gone in remote.workers[begun - 1 : -1]:
                self._may_go_on(f"its worker {gone} died", losses, repetition)
            return self._outcome(future, remote, repetition)
        finally:
            unfollow()
            with contextlib.suppress(Exception):  # the client may be closed; then nothing holds it
                future.release()

    def _outcome(
        self, future: Any, remote: Remote, repetition: Repetition
    ) -> tuple[RepetitionOutcome, str | None]:
        failed = RepetitionOutcome(status=JobStatus.FAILED)
        if future.status == "cancelled":
            return failed, "the scheduler was lost"
        try:
            report: RemoteReport = future.result(timeout=END_S)
        except Exception as error:  # noqa: BLE001 - whatever went wrong on the way is the outcome's reason
            name = type(error).__name__
            if name in (
                "KilledWorker",
                "FutureCancelledError",
                "CancelledError",
                "CommClosedError",
            ):
                return failed, f"its worker {(remote.workers or ['(none)'])[-1]} died"
            return replace(failed, reason=f"{name}: {error}"), None
        remote.wait_for(report.batches, LINES_S)
        lost = report.batches - remote.batches
        if lost or report.left_out:
            repetition.log.say(
                Level.WARN,
                f"{repetition.name}: {report.left_out:,} lines were left out on the worker, and {lost:,} batches of "
                "lines were lost on their way.",
            )
        return report.outcome, None


def _given_up(losses: list[str]) -> RepetitionOutcome:
    reason = f"{losses[-1]}, which was attempt {len(losses)}, the last"
    return RepetitionOutcome(status=JobStatus.FAILED, reason=reason)


def _stopped(repetition: Repetition) -> RepetitionOutcome:
    status = repetition.stop.status or JobStatus.CANCELLED
    return RepetitionOutcome(status=status, reason=repetition.stop.reason or None)


def _wait_for_stop(repetition: Repetition, timeout_s: float) -> None:
    asked = threading.Event()
    unfollow = repetition.stop.follow(asked.set)
    asked.wait(timeout_s)
    unfollow()
