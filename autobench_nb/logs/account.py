"""Where log entries are: held by the ring or by a client, kept by the archive, or lost."""

from __future__ import annotations

from typing import NamedTuple


class MirrorAccount(NamedTuple):
    """Every entry that was ever written, as a client knows of it: ``held + evicted + lost + elsewhere == written``.

    Attributes:
        held: Entries that the client holds.
        evicted: Entries that the client held and let go, oldest first, since newer ones needed their place.
        lost: Entries that were lost on their way, or that nobody held any more when the client asked.
        elsewhere: Entries that were not sent to the client: from before its history, or hidden by its query.
        written: Entries that were accepted since the orchestrator began, as far as the client has heard.
    """

    held: int
    evicted: int
    lost: int
    elsewhere: int
    written: int

    def __str__(self) -> str:
        parts = (
            f"{self.held:,} held",
            f"{self.evicted:,} evicted here",
            f"{self.lost:,} lost",
            f"{self.elsewhere:,} not sent here",
        )
        return f"{' + '.join(parts)} = {self.written:,} written"


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
