"""What one client has of the log: every line is there, or it was told that it is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autobench_nb.sync.client.effects import LogsArrived
from autobench_nb.transports.client.mirrored import MirroredLogs
from tests.soak.inside import digest_of


class Account:
    """Counts what arrives in ``logs``, from the first message on."""

    def __init__(self, logs: MirroredLogs) -> None:
        self._logs = logs
        self._began: int | None = None
        self._end = 0
        self.received = 0
        self.missed = 0
        take: Callable[[LogsArrived], None] = logs.take

        def counted(arrived: LogsArrived) -> None:
            self._count(arrived)
            take(arrived)

        logs.take = counted  # type: ignore[method-assign]

    def _count(self, arrived: LogsArrived) -> None:
        if self._began is None:
            self._began = self._end = arrived.first_seq
        else:
            self.missed += arrived.missed
        new = [wire["seq"] for wire in arrived.entries if wire["seq"] >= self._end]
        self.received += len(new)
        self._end = max(self._end, arrived.next_seq)

    def problem(self, end_seq: int, truth: Callable[[int, int], dict[str, Any]]) -> str:
        """What is wrong with it, now that the client has heard of all before ``end_seq``; empty where nothing is.

        Args:
            end_seq: One after the last line that is looked at.
            truth: What the orchestrator's ring holds of a range, as :func:`tests.soak.inside.lines_of`.
        """
        assert self._began is not None
        expected = self._end - self._began
        if self.received + self.missed != expected:
            return f"{expected} lines, of which {self.received} came and {self.missed} were said to be missing"
        held = [entry.to_wire() for entry in self._logs.snapshot() if entry.seq < end_seq]
        if not held or held[-1]["seq"] != end_seq - 1:
            return f"the last line, {end_seq - 1}, is not there"
        for run in _runs(held):
            # The ring goes on meanwhile: what it has let go of is not compared.
            ours = truth(run[0]["seq"], run[-1]["seq"] + 1)
            if ours["count"] == 0:
                continue
            theirs = digest_of([wire for wire in run if wire["seq"] >= ours["first"]])
            if any(theirs[name] != ours[name] for name in theirs):
                return f"from {ours['first']} on {ours['count']} lines are not those of the ring"
        return ""


def _runs(wires: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """In pieces without a gap: of what lies between them the client was told that it is missing."""
    runs: list[list[dict[str, Any]]] = []
    for wire in wires:
        if runs and wire["seq"] == runs[-1][-1]["seq"] + 1:
            runs[-1].append(wire)
        else:
            runs.append([wire])
    return runs
