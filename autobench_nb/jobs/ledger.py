"""What is told, as it happens, to whatever outlives the process: the ledger of runs, steps, results and devices.

Whoever runs something tells the ledger **before** it tells the state, so that nobody sees a result that a crash could
still take away. :mod:`autobench_nb.journal` keeps a ledger in SQLite; :class:`NoLedger` is there where none was asked
for. Everything here is plain data: what is in a mapping or a tuple must be JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from autobench_nb.tables.results import Result


class RunBegan(Struct, frozen=True, kw_only=True):
    """A run was asked for. Told again for the same ``run_id``, it goes on after an interruption.

    Attributes:
        run_id: Unique for ever, not in one process alone.
        at_ms: Milliseconds since 1970.
        name: As people call it; None where nobody did.
        recipe: The recipe as JSON, as its model writes it; None for a run of plain jobs.
        recipe_file: Where the recipe was read.
        parameters: The values of the recipe's parameters.
        options: What else is needed to go on with it: seed, priority, folder, executor and the like.
        steps: The ids of all its steps, in the plan's order; for a run of plain jobs the ids of the jobs.
        retry_of: The id of the run whose work it does again.
    """

    run_id: str
    at_ms: float
    name: str | None = None
    recipe: Mapping[str, Any] | None = None
    recipe_file: str | None = None
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)
    steps: tuple[str, ...] = ()
    retry_of: str | None = None


class StepBegan(Struct, frozen=True, kw_only=True):
    """A step (of plain jobs: a job) starts, for the first time or once more.

    Attributes:
        run_id: Its run.
        step_id: The planned step's id, such as ``pack[gzip,6]``; for a plain job the job's id.
        at_ms: Milliseconds since 1970.
        tries: The how-manieth attempt, from 1.
        name: As people call it.
        command: What it runs, as text.
        cell: The value of each axis of its matrix.
    """

    run_id: str
    step_id: str
    at_ms: float
    tries: int = 1
    name: str | None = None
    command: str | None = None
    cell: Mapping[str, Any] = msgspec.field(default_factory=dict)


class StepSettled(Struct, frozen=True, kw_only=True):
    """Nothing more happens to a step by itself.

    Attributes:
        run_id: Its run.
        step_id: As :class:`StepBegan` has it.
        status: The word of the state: ``succeeded``, ``failed``, ``timeout``, ``skipped``, ``cancelled``.
        at_ms: When, in milliseconds since 1970.
        started_ms: When its last attempt began; None where it never did.
        tries: How often it was started.
        reason: Why it did not succeed.
        job_ids: The jobs that did it.
        metrics: What was measured, by name; needed to fill in the expressions of later steps.
    """

    run_id: str
    step_id: str
    status: str
    at_ms: float
    started_ms: float | None = None
    tries: int = 1
    reason: str | None = None
    job_ids: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = msgspec.field(default_factory=dict)


class RunEnded(Struct, frozen=True, kw_only=True):
    """All steps of a run are settled.

    Attributes:
        run_id: Which run.
        status: ``succeeded``, ``failed``, ``timeout`` or ``cancelled``.
        at_ms: When, in milliseconds since 1970.
        reason: Why it did not succeed.
    """

    run_id: str
    status: str
    at_ms: float
    reason: str | None = None


class ArtifactKept(Struct, frozen=True, kw_only=True):
    """A file that a step has made, and that is kept.

    Attributes:
        run_id: Its run.
        step_id: Its step.
        path: Where it is kept.
        sha256: In hexadecimal digits.
        size_bytes: How large it is.
        at_ms: When it was hashed, in milliseconds since 1970.
        repetition: From 1; 0 where it belongs to the step as a whole.
    """

    run_id: str
    step_id: str
    path: str
    sha256: str
    size_bytes: int
    at_ms: float
    repetition: int = 0


class DeviceTold(Struct, frozen=True, kw_only=True):
    """Something about a device that is worth keeping.

    Attributes:
        device_id: Which device.
        at_ms: When, in milliseconds since 1970.
        event: One word: ``status``, ``action``, ``sample``.
        detail: What there is to say, by name.
    """

    device_id: str
    at_ms: float
    event: str
    detail: Mapping[str, Any] = msgspec.field(default_factory=dict)


SampledStretch: TypeAlias = "tuple[float, Mapping[str, Any]]"
"""When its first sample was taken, in ms since 1970; ``spanS``, ``samples``, and ``values``: mean, least, most."""


class Ledger(Protocol):
    """What outlives the process. Thread-safe; nothing here raises because a disk is full or gone.

    ``step_settled``, ``repetition`` and ``run_ended`` return when what they tell is safe from a crash of
    this process, or when the ledger's patience is used up: then the ledger counts it as late and says so.
    The others return at once. None of them may be called while the store's lock is held.
    """

    @property
    def samples_every_s(self) -> float | None:
        """Seconds of which the samples of a device are kept as one; None: none are kept."""
        ...

    def run_began(self, run: RunBegan) -> None:
        """Keep that a run was asked for, or goes on."""
        ...

    def step_began(self, step: StepBegan) -> None:
        """Keep that a step has started."""
        ...

    def repetition(self, row: Result, settled: StepSettled | None = None) -> None:
        """Keep the result of one measured repetition; call it before the row can be seen anywhere else.

        Args:
            row: The result.
            settled: How the step came out, where this was its last one: both are safe at once.
        """
        ...

    def step_settled(self, step: StepSettled) -> None:
        """Keep how a step came out; call it before the state says so."""
        ...

    def run_ended(self, run: RunEnded) -> None:
        """Keep how a run came out; call it before the state says so."""
        ...

    def artifact(self, artifact: ArtifactKept) -> None:
        """Keep where a file is, and its hash."""
        ...

    def device(self, told: DeviceTold) -> None:
        """Keep a piece of a device's history."""
        ...

    def durations(self, name: str, command: str, limit: int = 200) -> Sequence[float]:
        """Seconds that the newest measured repetitions that succeeded took, of work of that name and command."""
        ...

    def step_durations(self, recipe: str) -> Sequence[tuple[str, float]]:
        """Planned steps that went well in the newest runs of a recipe of that name, with the seconds that each took."""
        ...

    def sample_stretches(
        self, device_id: str, from_ms: float, until_ms: float
    ) -> Sequence[SampledStretch]:
        """What a device has sampled between two times in ms since 1970, oldest first, as far as it was kept."""
        ...


class NoLedger:
    """Keeps nothing: there is no journal."""

    samples_every_s = None

    def run_began(self, run: RunBegan) -> None:
        """Do nothing."""

    def step_began(self, step: StepBegan) -> None:
        """Do nothing."""

    def repetition(self, row: Result, settled: StepSettled | None = None) -> None:
        """Do nothing."""

    def step_settled(self, step: StepSettled) -> None:
        """Do nothing."""

    def run_ended(self, run: RunEnded) -> None:
        """Do nothing."""

    def artifact(self, artifact: ArtifactKept) -> None:
        """Do nothing."""

    def device(self, told: DeviceTold) -> None:
        """Do nothing."""

    def durations(self, name: str, command: str, limit: int = 200) -> Sequence[float]:  # noqa: ARG002
        """Nothing is known."""
        return ()

    def step_durations(self, recipe: str) -> Sequence[tuple[str, float]]:  # noqa: ARG002
        """Nothing is known."""
        return ()

    def sample_stretches(
        self,
        device_id: str,  # noqa: ARG002
        from_ms: float,  # noqa: ARG002
        until_ms: float,  # noqa: ARG002
    ) -> Sequence[SampledStretch]:
        """Nothing is known."""
        return ()
