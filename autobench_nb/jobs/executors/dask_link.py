"""The way to a Dask cluster: one client, made anew where it was lost, and what the workers say of each repetition."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.errors import JobError, reason_of
from autobench_nb.jobs.executors.dask_worker import VERSIONS, end_remotely, why_not_of
from autobench_nb.jobs.executors.executor import Repetition
from autobench_nb.jobs.output import OUTPUT
from autobench_nb.logs.entry import Level
from autobench_nb.state.model import JobStatus

if TYPE_CHECKING:
    from distributed import Client as DaskClient

CONNECT_S: Final = 3.0
AGAIN_S: Final = 1.0
"""Between two tries to connect."""
ASK_S: Final = 10.0
# Only what every Python has: a worker without the package could not even read a function of ours.
_WHICH: Final = (
    "__import__('importlib.util').util.find_spec('autobench_nb') and "
    "(__import__('autobench_nb').__version__, '%s.%s' % __import__('sys').version_info[:2])"
)


class Remote:
    """What is heard of one repetition.

    Attributes:
        wake: Is set when something is to be looked at.
        workers: Where it has begun.
        batches: How many of lines have come.
        report: What came of it, pickled, where that went the way of the lines.
    """

    def __init__(self, key: str, repetition: Repetition) -> None:
        self.key = key
        self.wake = threading.Event()
        self.workers: list[str] = []
        self.batches = 0
        self.report: bytes | None = None
        self._repetition = repetition
        self._came = threading.Condition()

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message of the worker's; see :mod:`~autobench_nb.jobs.executors.dask_lines`."""
        if "began" in message:
            with self._came:
                # Those of a worker that has died are no part of this attempt.
                self.batches = 0
                self.workers.append(message["began"])
            # One that is over already has nothing more to say.
            if "report" not in message:
                self.wake.set()
        if "lines" in message:
            self._take_lines(message["lines"])
        if "progress" in message:
            self._repetition.progress(*message["progress"])
        if "overdue" in message:
            self._repetition.overdue(message["overdue"])
        if "report" in message:
            with self._came:
                self.report = message["report"]
                self._came.notify_all()

    def _take_lines(self, lines: list[list[Any]]) -> None:
        for channel, level, text, logger, more in lines:
            if channel == OUTPUT:
                self._repetition.log.printed(text, logger, level=Level(level), **more)
            else:
                self._repetition.log.append(channel, level, text, **more)
        with self._came:
            self.batches += 1
            self._came.notify_all()

    def wait_for_report(self, timeout_s: float) -> bytes | None:
        """Wait until the report has come; None where it has not."""
        with self._came:
            self._came.wait_for(lambda: self.report is not None, timeout_s)
            return self.report

    def wait_for(self, batches: int, timeout_s: float) -> None:
        """Wait until so many batches have come."""
        with self._came:
            self._came.wait_for(lambda: self.batches >= batches, timeout_s)


class DaskLink:
    """One client of a cluster for all repetitions. Thread-safe.

    Args:
        address: The scheduler's.

    Raises:
        JobError: ``distributed`` is not installed, or the address is none.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise JobError(
                "a DaskExecutor needs distributed, which is not installed: pip install 'autobench-nb[dask]'."
            ) from None
        if not isinstance(address, str) or "://" not in address:
            raise JobError(
                f"{address!r} is no scheduler's address: give one such as tcp://host:8786."
            )
        self.address = address
        self.topic = f"autobench-{secrets.token_hex(8)}"
        self._make = distributed.Client
        self._lock = threading.Lock()
        self._client: DaskClient | None = None
        self._comm: Any = None
        self._error = "it was not reached yet"
        self._tried_at = float("-inf")
        self._is_checked = False
        self._remotes: dict[str, Remote] = {}
        self._is_closed = False

    def client(self) -> tuple[DaskClient | None, str]:
        """A client that is connected now; else None, and why there is none."""
        with self._lock:
            if self._client is not None and self.is_connected(self._client):
                return self._client, ""
            if self._is_closed:
                return None, "the executor is closed"
            if time.monotonic() - self._tried_at < AGAIN_S:
                return None, self._error
            self._leave()
            self._tried_at = time.monotonic()
            try:
                self._client = self._make(
                    self.address, timeout=CONNECT_S, set_as_default=False, name="autobench-nb"
                )
            except (OSError, ValueError) as error:
                self._error = reason_of(error)
                return None, self._error
            self._is_checked = False
            self._comm = self._client.scheduler_comm
            self._client.subscribe_topic(self.topic, self._hear)
            return self._client, ""

    def is_connected(self, client: DaskClient) -> bool:
        """Whether the scheduler is there, and is the one that was asked for what the workers say.

        A client whose scheduler comes back reaches it again by itself, but does not subscribe again.
        """
        comm = client.scheduler_comm
        if comm is None or client is not self._client or comm is not self._comm:
            return False
        return client.status == "running" and not comm.comm.closed()

    def why_none_may(self, client: DaskClient) -> str | None:
        """Why no repetition can be done there, asked once of a cluster; each worker looks at what it is given, too."""
        if self._is_checked:
            return None
        why = self.why_not(client)
        self._is_checked = why is None
        return why

    def why_not(self, client: DaskClient) -> str | None:
        """The first worker without this package, with another version of it, or with another Python, in words."""
        workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            return None
        try:
            found = client.run(eval, _WHICH, workers=workers, on_error="return")
        except Exception as error:  # noqa: BLE001 - a worker that has gone meanwhile; the repetition's attempt tells more
            return f"the workers cannot be asked for their version: {reason_of(error)}"
        for worker, there in found.items():
            if isinstance(there, Exception):  # it has gone meanwhile
                continue
            why = why_not_of(worker, VERSIONS, tuple(there) if there else None)
            if why is not None:
                return why
        return None

    @staticmethod
    def has_worker(client: DaskClient, worker: str) -> bool:
        """Whether that worker is there."""
        return worker in client.scheduler_info(n_workers=-1)["workers"]

    def why_it_waits(self, client: DaskClient, needs: Mapping[str, float]) -> str | None:
        """Why no worker begins a repetition; None where one could."""
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            return f"the scheduler {self.address} has no worker"
        if any(_has(worker.get("resources") or {}, needs) for worker in workers.values()):
            return None
        wanted = ", ".join(f"{name}={count:g}" for name, count in needs.items())
        return f"no worker of the scheduler {self.address} has {wanted}"

    def end(self, client: DaskClient, future: Any, key: str, repetition: Repetition) -> bool:
        """Ask a repetition to end, wherever it runs; False where it had not begun, and never will."""
        status, reason = repetition.stop.status or JobStatus.CANCELLED, repetition.stop.reason
        try:
            answers = client.run(end_remotely, key, str(status), reason, on_error="ignore")
        except Exception:  # noqa: BLE001 - the scheduler is lost, and with it the repetition
            answers = {}
        if any(answers.values()):
            return True
        with contextlib.suppress(Exception):  # as above
            future.cancel()
        return False

    @contextlib.contextmanager
    def hears(self, key: str, repetition: Repetition) -> Iterator[Remote]:
        """Hear what the worker says of a repetition, within the context."""
        remote = self._remotes[key] = Remote(key, repetition)
        try:
            yield remote
        finally:
            del self._remotes[key]

    def close(self) -> None:
        """Leave the cluster."""
        with self._lock:
            self._is_closed = True
            self._leave()

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        remote = self._remotes.get(message["key"])
        if remote is not None:
            remote.hear(message)

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(
                Exception
            ):  # of one whose scheduler is lost the end may fail, too
                client.close(timeout=CONNECT_S)


def _has(resources: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    return all(resources.get(name, 0) >= count for name, count in needs.items())
