"""Many repetitions given to a scheduler by one message: to submit each by itself costs it and the client far more."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autobench_nb.jobs.executors.dask_worker import RemoteWork, run_remotely

if TYPE_CHECKING:
    from distributed import Client as DaskClient


@dataclass(slots=True, eq=False)
class _Submission:
    """One repetition that waits to be submitted; ``leads``: its thread submits the next batch."""

    client: DaskClient
    work: RemoteWork
    needs: Mapping[str, float]
    worker: str | None
    turn: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    future: Any = None
    error: Exception | None = None

    @property
    def kind(self) -> tuple[Any, ...]:
        """Those of one kind may go together."""
        return id(self.client), tuple(sorted(self.needs.items())), self.worker


class Submissions:
    """Submits work; who comes while another thread submits goes along with the next batch. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Submission] = []
        self._is_busy = False

    def submit(
        self, client: DaskClient, work: RemoteWork, needs: Mapping[str, float], worker: str | None
    ) -> Any:
        """The future of ``work``.

        Args:
            client: Connected.
            work: One repetition.
            needs: Resources of the worker that does it.
            worker: The only one that may do it; None: any.

        Raises:
            Exception: Whatever the client says where it is just being closed.
        """
        mine = _Submission(client, work, needs, worker)
        with self._lock:
            self._waiting.append(mine)
            mine.leads = not self._is_busy
            self._is_busy = True
        if not mine.leads:
            mine.turn.wait()
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.future

    def _lead(self) -> None:
        """Submit all that waits, then hand over to one of those that came meanwhile."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        kinds: dict[tuple[Any, ...], list[_Submission]] = {}
        for one in batch:
            kinds.setdefault(one.kind, []).append(one)
        for together in kinds.values():
            _submit(together)
        with self._lock:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].turn.set()
        for one in batch:
            one.leads = False
            one.turn.set()


def _submit(together: list[_Submission]) -> None:
    first = together[0]
    try:
        futures = first.client.map(
            run_remotely,
            [one.work for one in together],
            key=[one.work.key for one in together],
            pure=False,
            resources=dict(first.needs) or None,
            workers=None if first.worker is None else [first.worker],
        )
    except Exception as error:  # noqa: BLE001 - the client may close in this moment, each way with its error
        for one in together:
            one.error = error
        return
    for one, future in zip(together, futures, strict=True):
        one.future = future
