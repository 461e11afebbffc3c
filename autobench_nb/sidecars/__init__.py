"""Supervised processes beside the jobs, and the streams that they send."""

from __future__ import annotations

from autobench_nb.sidecars.streams import Streams

__all__ = ["Streams"]
