"""The facade that users hold, and the only place that wires the rooms together."""

from __future__ import annotations

from autobench_nb.orchestrator.orchestrator import Orchestrator

__all__ = ["Orchestrator"]
