"""Model-based: whatever is submitted, cancelled and closed, in whatever order jobs end, the promises hold.

The state is written by the real :class:`StateWriter` into a real store, also within batches of the user's, some of
which are taken back, and while a projection raises.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autobench_nb.errors import ClosedError
from autobench_nb.jobs.events import ReachPlace
from autobench_nb.jobs.machine import (
    CancelRequested,
    FirstRequested,
    ForgetJobs,
    JobEffect,
    JobEnded,
    JobEvent,
    JobMachine,
    Lifecycle,
    RunnerClosed,
    RunSubmitted,
    StartJob,
    StopJob,
    WakeWaiters,
    WriteEnded,
    WriteFirst,
    WriteStarted,
)
from autobench_nb.jobs.state_writer import StateWriter
from autobench_nb.state.model import JobStatus
from autobench_nb.state.projections import Projection
from autobench_nb.state.store import StateStore

MAX_KEPT = 4
ENDINGS = st.sampled_from(
    [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.TIMEOUT, JobStatus.CANCELLED]
)


class ToldJob:
    """A job as far as the state is concerned."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.id = lifecycle.job_id
        self.lines = 0

    def live(self) -> dict[str, Any]:
        return {"lines": self.lines}

    def run_record(self) -> dict[str, Any]:
        return {"id": self.lifecycle.run_id}

    def record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": str(self.lifecycle.status),
            "reason": self.lifecycle.reason,
            "startedAt": self.lifecycle.started_ms,
            "finishedAt": self.lifecycle.finished_ms,
            **self.live(),
        }


class Broken(Exception):
    pass


class Jobs(RuleBasedStateMachine):
    """The machine, a model of what it promises, and the state that its effects are written to."""

    @initialize()
    def begin(self) -> None:
        self.machine = JobMachine(MAX_KEPT)
        self.now = 0.0
        self.closed = False
        self.breaks = False
        self.jobs: dict[str, ToldJob] = {}
        self.order: list[str] = []
        self.starts: list[str] = []
        self.ends: Counter[str] = Counter()
        self.wakes: Counter[str] = Counter()
        self.runs: dict[str, list[str]] = {}
        self.complaints: list[Exception] = []
        projection = Projection("/jobs/queue", "/config/features", self._project)
        self.store = StateStore(projections=[projection])
        self.known: dict[str, ToldJob] = {}
        self.writer = StateWriter(self.store, self.known.get, self.complaints.append)
        self.writer.close()  # no thread of its own: what it would do is done by the rules

    def _project(self, queue: list[str]) -> dict[str, bool]:
        if self.breaks:
            raise Broken
        return {"waiting": bool(queue)}

    def feed(self, event: JobEvent) -> list[JobEffect]:
        self.now += 1.0
        was_running = set(self.machine.running)
        effects = self.machine.handle(event, self.now)
        for effect in effects:
            if isinstance(effect, ForgetJobs):
                for job_id in effect.job_ids:
                    del self.known[job_id]
        self.writer.put(
            effect
            for effect in effects
            if not isinstance(effect, (StartJob, StopJob, WakeWaiters, ReachPlace))
        )
        written: list[str] = []
        for effect in effects:
            match effect:
                case WriteStarted(job_id):
                    written.append(job_id)
                case StartJob(job_id):
                    assert job_id in written, "started before it was written"
                    assert not self.closed, "started after the close"
                    self.starts.append(job_id)
                case WriteEnded(job_id):
                    self.ends[job_id] += 1
                case WakeWaiters(run_id):
                    self.wakes[run_id] += 1
                    assert all(self.ends[job_id] for job_id in self.runs[run_id])
                case StopJob(job_id):
                    assert job_id in was_running
        self.writer.flush()
        return effects

    # --- what happens

    @rule(count=st.integers(1, 4), limit=st.integers(1, 3))
    def submit(self, count: int, limit: int) -> None:
        run_id = f"run-{len(self.runs)}"
        first = len(self.order)
        lives = tuple(Lifecycle(str(first + n), run_id, limit) for n in range(count))
        event = RunSubmitted(run_id, lives)
        if self.closed:
            try:
                self.machine.handle(event, self.now)
            except ClosedError:
                return
            raise AssertionError("a closed machine took jobs")
        self.jobs.update((life.job_id, ToldJob(life)) for life in lives)
        self.known.update((life.job_id, self.jobs[life.job_id]) for life in lives)
        self.order += [life.job_id for life in lives]
        self.runs[run_id] = [life.job_id for life in lives]
        self.feed(event)

    @precondition(lambda self: self.machine.running)
    @rule(data=st.data(), status=ENDINGS)
    def end(self, data: st.DataObject, status: JobStatus) -> None:
        job_id = data.draw(st.sampled_from(self.machine.running))
        self.feed(JobEnded(job_id, status, "why"))

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def cancel_a_job(self, data: st.DataObject) -> None:
        self.feed(CancelRequested(data.draw(st.sampled_from(self.order))))

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def put_a_job_first(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.order))
        waiting = self.machine.waiting
        if job_id in waiting:
            first = min(self.order.index(other) for other in waiting)
            self.order.remove(job_id)
            self.order.insert(first, job_id)
        effects = self.feed(FirstRequested(job_id))
        assert (effects[:1] == [WriteFirst(job_id)]) == (job_id in waiting)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def cancel_a_run(self, data: st.DataObject) -> None:
        self.feed(CancelRequested(data.draw(st.sampled_from(sorted(self.runs)))))

    @precondition(lambda self: self.order)
    @rule(data=st.data(), status=ENDINGS)
    def end_what_may_not_run(self, data: st.DataObject, status: JobStatus) -> None:
        job_id = data.draw(st.sampled_from(self.order))
        if job_id not in self.machine.running:
            assert self.feed(JobEnded(job_id, status)) == []

    @rule(really=st.sampled_from([False, False, False, True]))
    def close(self, really: bool) -> None:
        if really:
            effects = self.feed(RunnerClosed("closed"))
            self.closed = True
            assert not self.machine.waiting
            assert [one.job_id for one in effects if isinstance(one, StopJob)] == list(
                self.machine.running
            )

    @rule(data=st.data(), status=ENDINGS, fails=st.booleans())
    def end_within_a_batch_of_the_users(
        self, data: st.DataObject, status: JobStatus, fails: bool
    ) -> None:
        with contextlib.suppress(InterruptedError), self.store.batch():
            if self.machine.running:
                job_id = data.draw(st.sampled_from(self.machine.running))
                self.feed(JobEnded(job_id, status))
            if fails:
                raise InterruptedError

    @rule(data=st.data(), status=ENDINGS)
    def end_while_a_projection_raises(self, data: st.DataObject, status: JobStatus) -> None:
        if self.machine.running:
            self.breaks = True
            self.feed(JobEnded(data.draw(st.sampled_from(self.machine.running)), status))
            self.breaks = False

    # --- what always holds

    @invariant()
    def limits_are_kept(self) -> None:
        running = [self.jobs[job_id].lifecycle.limit for job_id in self.machine.running]
        assert not running or len(running) <= min(running)

    @invariant()
    def jobs_start_in_the_order_of_asking(self) -> None:
        places = [self.order.index(job_id) for job_id in self.starts]
        assert places == sorted(places)
        assert len(set(places)) == len(places)

    @invariant()
    def each_job_ends_once_and_each_run_wakes_once(self) -> None:
        for job_id, job in self.jobs.items():
            assert self.ends[job_id] == int(job.lifecycle.has_ended)
        for run_id, jobs in self.runs.items():
            assert self.wakes[run_id] == int(all(self.ends[job_id] for job_id in jobs))

    @invariant()
    def every_job_waits_or_runs_or_has_ended(self) -> None:
        waiting, running = set(self.machine.waiting), set(self.machine.running)
        assert not waiting & running
        for job_id, job in self.jobs.items():
            expected = (
                JobStatus.QUEUED
                if job_id in waiting
                else JobStatus.RUNNING
                if job_id in running
                else None
            )
            assert job.lifecycle.has_ended if expected is None else job.lifecycle.status is expected

    @invariant()
    def nothing_that_may_start_waits(self) -> None:
        if self.machine.waiting:
            head = self.jobs[self.machine.waiting[0]].lifecycle.limit
            limits = [self.jobs[job_id].lifecycle.limit for job_id in self.machine.running]
            assert len(self.machine.running) >= min([head, *limits])

    @rule()
    def the_state_equals_the_machine(self) -> None:
        """After whatever was taken back or refused, and then put right."""
        assert self.writer.settle()
        state = self.store.get("/jobs")
        assert state["queue"] == list(self.machine.waiting)
        assert state["running"] == list(self.machine.running)
        alive = {*self.machine.waiting, *self.machine.running, *self.machine.kept}
        assert set(state["items"]) == alive
        runs = {self.jobs[job_id].lifecycle.run_id for job_id in alive}
        assert set(state.get("runs", {})) == runs
        for job_id in alive:
            assert state["items"][job_id] == self.jobs[job_id].record()


TestJobs = Jobs.TestCase
TestJobs.settings = settings(
    max_examples=int(os.environ.get("JOBS_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
