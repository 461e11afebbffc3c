"""Artifacts of a repetition that ran on a Dask worker: found there, brought by pieces, hashed as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.contract.steps import ArtifactRecord
from autobench_nb.errors import reason_of
from autobench_nb.jobs.artifacts import NotKept, write_artifact
from autobench_nb.jobs.executors.dask_link import DaskLink
from autobench_nb.jobs.executors.dask_worker import find_remotely, read_remotely

if TYPE_CHECKING:
    from distributed import Client as DaskClient

PIECE_BYTES: Final = 8 * 1024 * 1024
"""Brought at once: neither side ever holds a whole file."""
LOOK_S: Final = 0.5
"""How often who waits looks whether the worker is still there."""
FIRST: Final = 100
"""Before the repetitions that wait, which may take long."""


def bring_artifacts(
    client: DaskClient,
    worker: str,
    patterns: Sequence[str],
    source: Path,
    target: Path,
    is_there: Callable[[], bool],
) -> list[ArtifactRecord]:
    """Copy files of a worker into a folder here.

    Args:
        client: Connected.
        worker: Where they are.
        patterns: Which files, as :func:`~autobench_nb.jobs.artifacts.keep_artifacts` takes them.
        source: The folder that the step ran in, there.
        target: Where they are kept, here.
        is_there: Whether the scheduler still is.

    Raises:
        NotKept: A pattern matches nothing, a file cannot be copied, or the worker is gone.
    """

    def ask(function: Callable[..., Any], *arguments: Any) -> Any:
        future: Any = client.submit(
            function, *arguments, workers=[worker], priority=FIRST, pure=False
        )
        try:
            return _result(client, future, worker, is_there)
        finally:
            future.release()

    def pieces(path: str) -> Iterator[bytes]:
        offset = 0
        while piece := ask(read_remotely, path, offset, PIECE_BYTES):
            yield piece
            offset += len(piece)

    kept = []
    for name, path in ask(find_remotely, list(patterns), str(source)):
        try:
            kept.append(write_artifact(name, target, pieces(path)))
        except OSError as error:
            raise NotKept(
                f"the artifact {name!r} cannot be kept: {error.strerror or error}"
            ) from error
    return kept


def _result(client: DaskClient, future: Any, worker: str, is_there: Callable[[], bool]) -> Any:
    while True:
        try:
            return future.result(timeout=LOOK_S)
        except TimeoutError:
            gone = not is_there() or not DaskLink.has_worker(client, worker)
        except (NotKept, OSError):
            raise
        except Exception as error:
            # Dask raises whatever the worker's end raised, and errors of its own for a link or a worker that is gone.
            raise NotKept(
                f"the artifacts on the worker {worker} cannot be had: {reason_of(error)}"
            ) from error
        if gone:
            raise NotKept(f"the worker {worker} died before its artifacts were brought")
