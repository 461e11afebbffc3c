"""How the repetitions of a job go, where more belongs to one than doing the job's work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from autobench_nb.contract.steps import MetricAbout
from autobench_nb.jobs.executors.executor import Executor, RepetitionOutcome

if TYPE_CHECKING:
    from autobench_nb.jobs.job import Job


class Course(Protocol):
    """What a step of a recipe makes of its job. Called in the job's own thread, but for :meth:`ended`.

    Attributes:
        step_id: The planned step that the job does.
        about_metrics: What is known of its metrics by their names.
    """

    step_id: str

    @property
    def about_metrics(self) -> Mapping[str, MetricAbout]: ...

    def perform(self, job: Job, executor: Executor) -> RepetitionOutcome:
        """Do one repetition of ``job``, with all that belongs around it."""

    def is_enough(self, job: Job) -> bool:
        """Whether what was measured is enough, though more repetitions may be done."""

    def rests(self, job: Job) -> bool:
        """Whether others are to have their turn before the next repetition."""

    def began(self, job: Job) -> None:
        """Take note that the job has started."""

    def ended(self, job: Job) -> None:
        """Take note that the job has ended. Must be short: called by whoever has ended it."""

    def rested(self, job: Job) -> None:
        """Take note that the job rests, and can be called again."""
