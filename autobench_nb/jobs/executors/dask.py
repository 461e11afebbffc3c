"""Jobs on the workers of a Dask cluster: ``Orchestrator(executors={"lab": ab.DaskExecutor("tcp://...")})``."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.contract.steps import ArtifactRecord
from autobench_nb.errors import JobError, reason_of
from autobench_nb.figures import counted
from autobench_nb.jobs.artifacts import NotKept
from autobench_nb.jobs.executors.dask_artifacts import bring_artifacts
from autobench_nb.jobs.executors.dask_link import DaskLink, Remote
from autobench_nb.jobs.executors.dask_submissions import Submissions
from autobench_nb.jobs.executors.dask_worker import VERSIONS, RemoteReport, RemoteWork
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
WAITS_S: Final = 3.0
"""After so long without a worker that begins it, it is said what it waits for."""
HOMES: Final = 10_000
"""Jobs whose workers are remembered."""


@dataclass(slots=True)
class _Home:
    """Where all of a job is done. ``losses``: what was lost of the repetition that is under way."""

    worker: str | None = None
    repetition: int = -1
    losses: list[str] = field(default_factory=list)

    def losses_of(self, repetition: int) -> list[str]:
        if repetition != self.repetition:
            self.repetition, self.losses = repetition, []
        return self.losses


class DaskExecutor:
    """Runs each repetition on a worker of a Dask cluster, by the same means as on this machine.

    The repetitions of a job stay at the worker where the first one began. A worker that dies is a failed attempt, which
    is made again on another one. While the scheduler cannot be reached repetitions wait, and with them the queue; they
    go on when it is back.

    Args:
        address: The scheduler's, such as ``tcp://10.0.0.5:8786``.
        resources: What each repetition needs of its worker, such as ``{"GPU": 1}``; what a step asks for comes on top.
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
        self._submissions = Submissions()
        self._homes: OrderedDict[str, _Home] = OrderedDict()

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
        home = self._home_of(repetition)
        losses = [] if home is None else home.losses_of(repetition.repetition)
        while True:
            was_there = home is not None and home.worker is not None
            outcome, lost = self._attempt(task, repetition, losses, home)
            if lost is None:
                break
            if home is not None:
                home.worker = None
            if not self._may_go_on(lost, losses, repetition):
                return _given_up(losses)
            if was_there and repetition.how.stays:
                # What was prepared there is lost as well.
                return replace(outcome, reason=lost, is_lost=True)
        if losses and outcome.status is JobStatus.SUCCEEDED:
            return replace(outcome, reason=f"attempt {len(losses) + 1}: before it, {losses[-1]}")
        return outcome

    def bring_artifacts(
        self, patterns: Sequence[str], source: Path, target: Path, repetition: Repetition
    ) -> list[ArtifactRecord]:
        """Copy what a repetition has made on its worker into a folder here; see :class:`BringsArtifacts`.

        Raises:
            NotKept: A pattern matches nothing, a file cannot be copied, or the worker is gone.
        """
        home, (client, error) = self._homes.get(repetition.job_id), self._link.client()
        if client is None:
            raise NotKept(f"the scheduler {self._link.address} was lost: {error}")
        if home is None or home.worker is None:
            raise NotKept("the worker that has made the artifacts died")
        is_there = partial(self._link.is_connected, client)
        return bring_artifacts(client, home.worker, patterns, source, target, is_there)

    def close(self) -> None:
        """Leave the cluster; it runs on."""
        self._link.close()

    def _home_of(self, repetition: Repetition) -> _Home | None:
        """Where all of the job is done; None for a job that is only one piece of work."""
        how = repetition.how
        if not how.stays and how.repeat + how.warmup == 1:
            return None
        home = self._homes.setdefault(repetition.job_id, _Home())
        while len(self._homes) > HOMES:
            self._homes.popitem(last=False)
        return home

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
        self, task: Task, repetition: Repetition, losses: list[str], home: _Home | None
    ) -> tuple[RepetitionOutcome, str | None]:
        """One attempt: its outcome, and what was lost where it has none of its own."""
        refused = RepetitionOutcome(status=JobStatus.FAILED)
        client = self._reach(repetition)
        if client is None:
            return _stopped(repetition), None
        why_not = self._link.why_none_may(client)
        if why_not is not None:
            return replace(refused, reason=why_not), None
        worker = None if home is None else home.worker
        if home is not None and self._is_gone(client, home):
            if repetition.how.stays:
                return refused, _died(home)
            worker = home.worker = None
        key = f"autobench-{secrets.token_hex(8)}"
        work = RemoteWork(
            key=key,
            topic=self._link.topic,
            task=task,
            how=repetition.how,
            job_id=repetition.job_id,
            name=repetition.name,
            repetition=repetition.repetition,
            versions=VERSIONS,
            keeps=repetition.kept is not None,
        )
        with self._link.hears(key, repetition) as remote:
            try:
                future = self._submissions.submit(client, work, self._needs(repetition.how), worker)
            except Exception as error:  # noqa: BLE001 - the client may close in this moment, each way with its error
                return refused, f"the scheduler was lost ({type(error).__name__})"
            future.add_done_callback(lambda _: remote.wake.set())
            return self._follow(client, future, remote, repetition, losses, home)

    def _needs(self, how: How) -> dict[str, float]:
        return {**self._resources, **how.resources}

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
        home: _Home | None,
    ) -> tuple[RepetitionOutcome, str | None]:
        """Wait until it has ended, one way or the other.

        A scheduler begins what a dead worker had on another one by itself: that is the next attempt.
        """
        begun = 1
        unfollow = repetition.stop.follow(remote.wake.set)
        ends_at: float | None = None
        waits_until = time.monotonic() + WAITS_S
        try:
            while not future.done():
                is_news = remote.wake.wait(LOOK_S)
                remote.wake.clear()
                if not self._link.is_connected(client):
                    return RepetitionOutcome(status=JobStatus.FAILED), "the scheduler was lost"
                if len(remote.workers) > begun:
                    begun += 1
                    lost = f"its worker {remote.workers[begun - 2]} died"
                    if not self._may_go_on(lost, losses, repetition):
                        self._link.end(client, future, remote.key, repetition)
                        return _given_up(losses), None
                if not is_news and self._is_gone(client, home):
                    future.cancel()
                    return RepetitionOutcome(status=JobStatus.FAILED), _died(home)
                if not remote.workers and time.monotonic() > waits_until:
                    waits_until = float("inf")
                    self._say_why_it_waits(client, repetition)
                if repetition.stop and ends_at is None:
                    ends_at = time.monotonic() + END_S
                    if not self._link.end(client, future, remote.key, repetition):
                        return _stopped(repetition), None
                elif ends_at is not None and time.monotonic() > ends_at:
                    return _stopped(repetition), None
            for gone in remote.workers[begun - 1 : -1]:
                self._may_go_on(f"its worker {gone} died", losses, repetition)
            return self._outcome(client, future, remote, repetition, home)
        finally:
            unfollow()
            with contextlib.suppress(Exception):  # the client may be closed; then nothing holds it
                future.release()

    def _is_gone(self, client: DaskClient, home: _Home | None) -> bool:
        """Whether the worker that alone may do it is gone: the scheduler would wait for its return."""
        if home is None or home.worker is None:
            return False
        return not self._link.has_worker(client, home.worker)

    def _say_why_it_waits(self, client: DaskClient, repetition: Repetition) -> None:
        why = self._link.why_it_waits(client, self._needs(repetition.how))
        if why is not None:
            repetition.overdue(f"waits: {why}")
            repetition.log.say(Level.WARN, f"{repetition.name}: waits: {why}.")

    def _outcome(
        self,
        client: DaskClient,
        future: Any,
        remote: Remote,
        repetition: Repetition,
        home: _Home | None,
    ) -> tuple[RepetitionOutcome, str | None]:
        failed = RepetitionOutcome(status=JobStatus.FAILED)
        if future.status == "cancelled":
            return failed, "the scheduler was lost"
        try:
            report = _report(future, remote)
        except Exception as error:  # noqa: BLE001 - whatever went wrong on the way is the outcome's reason
            name = type(error).__name__
            if name in _LOSSES:
                return failed, f"its worker {(remote.workers or ['(none)'])[-1]} died"
            why_not = self._link.why_not(client)
            return replace(failed, reason=why_not or f"{name}: {error}"), None
        if home is not None:
            home.worker = report.worker
        if repetition.kept is not None:
            repetition.kept.add(report.printed)
        remote.wait_for(report.batches, LINES_S)
        lost = report.batches - remote.batches
        if lost or report.left_out:
            repetition.log.say(
                Level.WARN,
                f"{repetition.name}: {counted(report.left_out, 'line')} left out on the worker, and "
                f"{counted(lost, 'batch', 'batches')} of lines lost on the way.",
            )
        return report.outcome, None


_LOSSES: Final = frozenset(
    {"KilledWorker", "FutureCancelledError", "CancelledError", "CommClosedError"}
)
"""Errors which say that a worker is gone, by their names."""


def _report(future: Any, remote: Remote) -> RemoteReport:
    report = future.result(timeout=END_S) if remote.report is None else None
    if report is None:
        from distributed.protocol.pickle import loads

        data = remote.wait_for_report(LINES_S)
        report = None if data is None else loads(data)
    if not isinstance(report, RemoteReport):
        raise TypeError("the worker's report was lost on its way")
    return report


def _died(home: _Home | None) -> str:
    return f"its worker {home.worker if home else None} died"


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
