"""What clients may ask of the log: ``logs.get``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.contract.commands import LOGS_GET
from autobench_nb.errors import CommandError
from autobench_nb.logs.ring.ring import LogRing


def log_commands(
    ring: LogRing, budget_bytes: int
) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """Handlers of the log's commands.

    Args:
        ring: Where the entries are.
        budget_bytes: How much one client may have queued; one answer stays below it.
    """

    def whole_entry(args: Mapping[str, Any]) -> dict[str, Any]:
        """Gives one entry with its whole message, or as much of it from ``offset`` on as fits the budget.

        ``next`` is the offset of what follows, ``None`` where nothing does. An answer cannot be shed as log lines can,
        so one of megabytes would cost the client its link.
        """
        asked = LOGS_GET.read(args)
        entry = ring.entry(asked.seq)
        if entry is None:
            raise CommandError("not-found", "The ring no longer holds that entry.")
        offset = asked.offset
        # A character is at most six bytes of JSON.
        end = offset + budget_bytes // 8
        whole = entry.message
        following = end if end < len(whole) else None
        return {**entry.to_wire(), "message": whole[offset:end], "next": following}

    return {LOGS_GET.name: whole_entry}
