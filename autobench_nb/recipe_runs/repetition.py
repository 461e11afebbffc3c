"""One repetition as its executor sees it, with what is printed kept for the metrics that are read out of it."""

from __future__ import annotations

from dataclasses import replace

from autobench_nb.jobs.job import Job
from autobench_nb.jobs.kept_output import KeptOutput
from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.jobs.work import How
from autobench_nb.processes.stdin import CommandInput
from autobench_nb.processes.stop import Stop
from autobench_nb.state.model import JobStatus


class PartOfRepetition:
    """A command that belongs to a repetition: its own, what prepares it, or what cleans up after it.

    Args:
        job: The step's job.
        env: Further variables of the environment.
        keeps: Whether what it prints is kept.
        is_last_act: Whether it is done though the job was asked to end.
    """

    def __init__(
        self, job: Job, env: dict[str, str], *, keeps: bool = False, is_last_act: bool = False
    ) -> None:
        self._job = job
        self.job_id = job.job_id
        self.name = job.name
        self.repetition = job.repetition
        self.how: How = replace(job.how, env={**job.how.env, **env})
        self.log: JobLog = job.log
        self.stop: Stop[JobStatus] = Stop() if is_last_act else job.stop
        self.input = CommandInput() if is_last_act else job.input
        self.kept = KeptOutput() if keeps else None

    @property
    def printed(self) -> str:
        """What it has printed, standard error too, as it came: of much the end."""
        return "" if self.kept is None else self.kept.text()

    def stream(self, name: str) -> OutputStream:
        """Open a new way for bytes into the log."""
        stream = self._job.stream(name)
        return stream if self.kept is None else self.kept.listen(stream)

    def progress(self, fraction: float, text: str | None = None) -> None:
        """Say how far the repetition is."""
        self._job.progress(fraction, text)

    def overdue(self, reason: str) -> None:
        """Say that it should have ended."""
        self._job.overdue(reason)
