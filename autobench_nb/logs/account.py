"""Where log entries are: held by the ring, kept by the archive, or lost."""

from __future__ import annotations

from typing import NamedTuple


class LogAccount(NamedTuple):
    """Every entry that was ever accepted is in one place: ``held + archived + lost == written``.

    Attributes:
        held: Entries in the ring.
        lost: Entries that the ring held and let go, since newer ones needed their place, and nobody has.
        written: Entries that were accepted since the orchestrator began.
        capacity: Entries that the ring may hold.
        archived: Entries that the ring has let go, and the journal's archive has; 0 without one.
    """

    held: int
    lost: int
    written: int
    capacity: int
    archived: int = 0

    @property
    def remedy(self) -> str:
        """How the ring is made larger; empty where that would have kept nothing."""
        if not self.lost or self.held < self.capacity:
            return ""
        return f"log_capacity={max(100_000, 10 * self.capacity):_}"

    def __str__(self) -> str:
        archived = f" + {self.archived:,} in the journal" if self.archived else ""
        text = f"{self.held:,} held{archived} + {self.lost:,} lost = {self.written:,} written"
        remedy = self.remedy
        return f"{text}; a larger ring: {remedy}" if remedy else text
