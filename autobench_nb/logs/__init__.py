"""What was said: the log ring, its entries, redaction, views and the query language. Pure: no I/O, no event loop."""

from __future__ import annotations

from autobench_nb.logs.channels import Channel, Channels
from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.logs.ring.batch import LogBatch, LogEntries
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.logs.ring.view import LogView

__all__ = [
    "Channel",
    "Channels",
    "Level",
    "LogBatch",
    "LogEntries",
    "LogEntry",
    "LogRing",
    "LogView",
    "Redactor",
]
