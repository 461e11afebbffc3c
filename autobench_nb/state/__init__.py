"""What is true: the versioned state, its schema, its patches. Pure: no I/O, no event loop."""

from autobench_nb.state.commit import Commit, Operation, Snapshot
from autobench_nb.state.diff import diff
from autobench_nb.state.model import (
    SLICES,
    AppState,
    JobKind,
    JobStatus,
    OrchestratorStatus,
    Severity,
    initial_state,
)
from autobench_nb.state.patch import apply_in_place, apply_patch
from autobench_nb.state.pointer import MISSING
from autobench_nb.state.projections import PNO_SUMMARY, Projection, summarize_findings
from autobench_nb.state.store import StateStore

__all__ = [
    "MISSING",
    "PNO_SUMMARY",
    "SLICES",
    "AppState",
    "Commit",
    "JobKind",
    "JobStatus",
    "Operation",
    "OrchestratorStatus",
    "Projection",
    "Severity",
    "Snapshot",
    "StateStore",
    "apply_in_place",
    "apply_patch",
    "diff",
    "initial_state",
    "summarize_findings",
]
