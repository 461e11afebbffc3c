"""The pno scan: its checks are run one after the other, each bounded, and what they find stands in the state."""

from __future__ import annotations

import inspect
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import Any, Final, TypeVar

from autobench_nb import forks
from autobench_nb.contract.findings import CheckOutcome, Severity
from autobench_nb.errors import ClosedError, ConfigError, PathError
from autobench_nb.pno.checks import CHECKS
from autobench_nb.pno.found import Found
from autobench_nb.pno.gather import Gatherer
from autobench_nb.pno.running import KnownCheck, row_of, run_check
from autobench_nb.state.records import iso_time
from autobench_nb.state.store import StateStore
from autobench_nb.tables.pno_view import PnoView
from autobench_nb.tables.wire_values import wire_value

CHECK_TIMEOUT_S: Final = 10.0
"""Seconds that a check may take, where no other number is given."""
AFTER_RUNS_S: Final = 0.5
"""Seconds from the end of a run to its scan, so that runs that end together have one."""
MAX_FINDINGS: Final = 500
"""Findings that a scan keeps; how many more there were is one of them."""

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., Any])


class Pno(PnoView):
    """Scans: ``pno.scan()`` runs all checks; or by hand ``start``, ``advance``, ``finding``, ``finish``.

    ``summary`` is derived from the findings by the store's own projection.

    Args:
        store: The state whose ``pno`` slice it writes.
        clock: Seconds since 1970.
        gatherer: Reads the facts.
        before_follow: Called before the state is followed, so that it is flushed also where nothing serves.
    """

    def __init__(
        self,
        store: StateStore,
        clock: Callable[[], float] = time.time,
        gatherer: Gatherer | None = None,
        before_follow: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(store.get)
        self._store = store
        self._clock = clock
        self._gatherer = gatherer or Gatherer(store)
        self._before_follow = before_follow
        self._why = "on schedule"
        self._numbers = itertools.count(1)
        self._checks = {
            name: KnownCheck(name, function, CHECK_TIMEOUT_S, True)
            for name, function in CHECKS.items()
        }
        self._lock = threading.Lock()
        self._running: Future[list[dict[str, Any]]] | None = None
        self._due = threading.Condition(self._lock)
        self._schedule: threading.Thread | None = None
        self._every_s: float | None = None
        self._after_runs = False
        self._next: float | None = None
        self._closed = False

    # --- checks and scans

    @property
    def checks(self) -> tuple[str, ...]:
        """The names of all checks."""
        return tuple(self._checks)

    def check(
        self, name: str, *, timeout_s: float = CHECK_TIMEOUT_S
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Make a function a check: ``@bench.pno.check("rails")``.

        The function takes nothing, or the :class:`Facts`. It gives None where all is well, else a text, a
        :class:`Found`, or several; it may yield them. One that raises or hangs is a finding itself.

        Args:
            name: The check's name; a check of that name is replaced.
            timeout_s: Seconds that it may take.

        Raises:
            ConfigError: The name is empty, or the time is no number above 0.
        """
        if not isinstance(name, str) or not name:
            raise ConfigError("name", name, "a text that is not empty")
        if not timeout_s > 0:
            raise ConfigError("timeout_s", timeout_s, "a number above 0")

        def known(function: CheckFunction) -> CheckFunction:
            takes = bool(inspect.signature(function).parameters)
            self._checks[name] = KnownCheck(name, function, timeout_s, takes)
            return function

        return known

    def scan(
        self, checks: Iterable[str] | None = None, *, because: str = "asked for"
    ) -> list[dict[str, Any]]:
        """Run checks and wait for them; where a scan is under way, wait for that one.

        Args:
            checks: Their names; all, where none are given.
            because: Why, for people.

        Returns:
            The findings.

        Raises:
            PathError: There is no check of a name.
            ClosedError: The orchestrator is closed.
        """
        return self.begin(checks, because=because)[1].result()

    def begin(
        self, checks: Iterable[str] | None = None, *, because: str = "asked for"
    ) -> tuple[bool, Future[list[dict[str, Any]]]]:
        """Begin a scan, and wait for nothing.

        Returns:
            Whether one was begun (False: another is under way), and the future of its findings.

        Raises:
            PathError, ClosedError: as :meth:`scan`.
        """
        names = list(self._checks if checks is None else checks)
        for name in names:
            if name not in self._checks:
                known = ", ".join(self._checks)
                raise PathError("/pno", f"there is no check {name!r}; there are: {known}")
        with self._lock:
            if self._closed:
                raise ClosedError("this orchestrator is closed: make a new one.")
            if self._running is not None and not self._running.done():
                return False, self._running
            future = self._running = Future()
        chosen = [self._checks[name] for name in names]
        threading.Thread(
            target=self._scan, args=(chosen, because, future), name="autobench-pno", daemon=True
        ).start()
        return True, future

    def _scan(
        self, checks: list[KnownCheck], because: str, future: Future[list[dict[str, Any]]]
    ) -> None:
        try:
            began = time.monotonic()
            rows = [row_of(check, CheckOutcome.WAITING) for check in checks]
            with self._store.batch():
                self.start()
                self._store.merge("/pno", {"because": because})
                self._store.set("/pno/checks", rows)
            facts = self._gatherer.facts()
            self._store.set("/pno/subjects", facts.subjects)
            kept = 0
            for number, check in enumerate(checks):
                if self._closed:
                    break
                self._store.set(f"/pno/checks/{number}/outcome", CheckOutcome.RUNNING)
                row, found = run_check(check, facts)
                room = max(0, MAX_FINDINGS - kept)
                kept += len(found)
                with self._store.batch():
                    for one in found[:room]:
                        self._report(check.name, one)
                    self._store.set(f"/pno/checks/{number}", row)
                    self.advance((number + 1) / len(checks))
            if kept > MAX_FINDINGS:
                self.finding("pno", f"{kept - MAX_FINDINGS} more findings are not shown", "warn")
            took = round(time.monotonic() - began, 3)
            with self._store.batch():
                self.finish("cancelled" if self._closed else "done")
                self._store.set("/pno/tookS", took)
            future.set_result(self.findings)
        except Exception as error:  # noqa: BLE001 - who waits for the scan is told
            self.finish("failed")
            future.set_exception(error)

    def _report(self, check: str, one: Found) -> None:
        known = {severity.value for severity in Severity}
        severity = str(one.severity) if str(one.severity) in known else Severity.WARN.value
        self.finding(
            check,
            str(one.message),
            severity,
            subject=str(one.subject),
            evidence=[wire_value(dict(piece)).value for piece in one.evidence],
            foundAt=round(self._clock() * 1e3, 1),
        )

    # --- when

    def schedule(self, *, every_s: float | None = None, after_runs: bool = False) -> None:
        """Have scans run by themselves; each call says it anew.

        Args:
            every_s: Seconds between two scans; None: on no schedule.
            after_runs: Whether the end of a run has a scan.

        Raises:
            ConfigError: ``every_s`` is no number above 0.
            ClosedError: The orchestrator is closed.
        """
        if every_s is not None and not (isinstance(every_s, int | float) and every_s > 0):
            raise ConfigError("every_s", every_s, "a number above 0, or None")
        with self._lock:
            if self._closed:
                raise ClosedError("this orchestrator is closed: make a new one.")
            self._every_s, self._after_runs = every_s, after_runs
            self._plan(every_s)
            if self._schedule is None:
                self._schedule = threading.Thread(
                    target=self._keep_schedule, name="autobench-pno-schedule", daemon=True
                )
                self._schedule.start()
                forks.register(self)
                self._before_follow()
                self._store.subscribe(self._followed, "/jobs/running")
            self._due.notify()
        self._tell_next()

    def _plan(self, in_s: float | None) -> None:
        self._next = None if in_s is None else time.monotonic() + in_s

    def _tell_next(self) -> None:
        due = self._next
        at = None if due is None else round((self._clock() + due - time.monotonic()) * 1e3)
        self._store.set("/pno/nextRunAt", at)

    def _followed(self, _commit: Any) -> None:
        """What runs has changed: where nothing runs any more, a scan is due soon."""
        if not self._after_runs or self._store.get("/jobs/running", []):
            return
        with self._lock:
            soon = time.monotonic() + AFTER_RUNS_S
            if self._next is None or self._next > soon:
                self._next = soon
                self._why = "a run has ended"
                self._due.notify()

    def _keep_schedule(self) -> None:
        while True:
            with self._lock:
                while not self._closed and (self._next is None or self._next > time.monotonic()):
                    due = self._next
                    self._due.wait(None if due is None else max(0.0, due - time.monotonic()))
                if self._closed:
                    return
                because, self._why = self._why, "on schedule"
                self._plan(self._every_s)
            try:
                self.begin(because=because)[1].result()
            except ClosedError:
                return
            self._tell_next()

    # --- by hand

    def start(self) -> None:
        """Begin a scan: the findings of the last one are forgotten."""
        now = iso_time(self._clock())
        self._store.merge(
            "/pno", {"status": "running", "progress": 0.0, "lastRunAt": now, "findings": []}
        )

    def advance(self, fraction: float) -> None:
        """Say how far the scan is: ``fraction`` from 0 to 1; what lies outside is taken for the nearer end."""
        self._store.set("/pno/progress", min(1.0, max(0.0, float(fraction))))

    def finding(
        self, check: str, message: str, severity: Severity | str = Severity.WARN, **fields: Any
    ) -> str:
        """Report what a check found.

        Args:
            check: The name of the check.
            message: What it found, for people.
            severity: How bad that is.
            fields: More fields of the finding, such as ``device``; ``id`` replaces the id that is made otherwise.

        Returns:
            The finding's id.

        Raises:
            SchemaError: The severity is not known, or a field cannot stand there.
        """
        name = str(fields.pop("id", None) or f"finding-{next(self._numbers)}")
        record = {
            "id": name,
            "severity": str(severity),
            "check": check,
            "message": message,
            **fields,
        }
        self._store.set("/pno/findings/-", record)
        return name

    def finish(self, status: str = "done") -> None:
        """Say that the scan has ended; ``status`` says how, and its progress becomes 1."""
        self._store.merge("/pno", {"status": status, "progress": 1.0})

    # --- its end

    def close(self) -> None:
        """End the schedule, and wait a little for a scan that is under way."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._due.notify()
            running, schedule = self._running, self._schedule
        if running is not None and not running.done():
            # A check that hangs is a daemon's: it ends with the process.
            wait([running], 1.0)
        if schedule is not None and schedule is not threading.current_thread():
            schedule.join(1.0)

    def after_fork_in_child(self) -> None:
        """Threads are the parent's: nothing is scanned here."""
        self._lock = threading.Lock()
        self._due = threading.Condition(self._lock)
        self._closed = True
