"""The pno scan: status, progress and findings."""

from __future__ import annotations

from autobench_nb.pno.found import Found
from autobench_nb.pno.scan import Pno

__all__ = ["Found", "Pno"]
