"""The state's way to the clients: each commit to all who are up to date, a snapshot or older commits to the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from autobench_nb.state.commit import Commit, Snapshot
from autobench_nb.sync.effects import Effect, Outgoing
from autobench_nb.sync.server.audiences import StateAudience
from autobench_nb.sync.server.encoding import state_patch, state_snapshot
from autobench_nb.sync.server.session import Session
from autobench_nb.sync.server.slices import SlicedSnapshot, Slices, sliced_patch
from autobench_nb.sync.server.window import CommitWindow

MESSAGE_ROOM_BYTES: Final = 65_536
"""What a snapshot's message has besides the state, with room for some small ones."""


class StateFeed:
    """All positions in the state. Every audience stands at ``version``, where the last commit ended."""

    def __init__(self, version: int, *, epoch: str, max_commits: int, max_bytes: int) -> None:
        self._epoch = epoch
        self._audiences: dict[Slices, StateAudience] = {}
        self._waiting: dict[int, Session] = {}
        self._encoded: dict[tuple[Slices, str], Outgoing] = {}
        self._encoded_version = -1
        self.window = CommitWindow(max_commits, max_bytes)
        self.window.restart(version)
        self.patches = 0
        """``state.patch`` messages made."""

    @property
    def version(self) -> int:
        """Where the last commit ended."""
        return self.window.version

    @property
    def wants_snapshot(self) -> bool:
        """Whether somebody waits for a snapshot who can take one."""
        return any(session.takes_snapshot for session in self._waiting.values())

    def wait(self, session: Session, reason: str) -> None:
        """Owe the session a snapshot, to be sent at the next flush that can take one."""
        session.require_snapshot(reason)
        self._waiting[session.id] = session

    def forget(self, session: Session) -> None:
        """Send it nothing any more."""
        session.leave_state()
        self._waiting.pop(session.id, None)

    def reaches(self, session: Session, version: int) -> bool:
        """Whether patches bring this client, which stands at ``version``, up to date."""
        return session.has_base(version) and self.window.reaches(version)

    def resume(self, session: Session, version: int, out: list[Effect], now: float) -> None:
        """Bring a client that stands at ``version`` up to date; only where :meth:`reaches` says so."""
        self._waiting.pop(session.id, None)
        session.snapshot_reason = None
        session.leave_state()
        for message in self.window.messages(version, session.slices):
            if not session.send(message, out, now):
                return
        self._join(session)

    def push(
        self, commit: Commit, lagging: Iterable[Session], out: list[Effect], now: float
    ) -> None:
        """Send the commit to every audience."""
        for slices in [key for key, audience in self._audiences.items() if not audience.members]:
            del self._audiences[slices]
        if not self.window.add(commit):
            # Another reader took a commit from the store: only a snapshot is right now.
            for audience in self._audiences.values():
                for session in list(audience.members.values()):
                    self.wait(session, "resync")
        for slices, audience in self._audiences.items():
            if audience.members:
                message = state_patch(
                    commit.from_version, commit.to_version, sliced_patch(commit, slices)
                )
                self.patches += 1
                audience.send(message, lagging, out, now)

    def start_over(self, version: int) -> None:
        """The chain of commits is broken: the state stands at ``version``, and everybody needs a snapshot of it."""
        self.window.restart(version)
        for audience in self._audiences.values():
            for session in list(audience.members.values()):
                self.wait(session, "resync")

    def send_snapshot(self, snapshot: Snapshot, out: list[Effect], now: float) -> list[Session]:
        """Send the snapshot to all who wait for one and can take it; who was served."""
        if snapshot.version != self.version:
            self.window.restart(snapshot.version)
        served = [session for session in self._waiting.values() if session.takes_snapshot]
        sliced = SlicedSnapshot(snapshot)
        for session in served:
            del self._waiting[session.id]
            reason, session.snapshot_reason = session.snapshot_reason or "resync", None
            message = self._message(snapshot, sliced, session.slices, reason)
            if session.send_snapshot(snapshot.version, message, out, now):
                self._join(session)
        self._forget_messages(len(snapshot.data))
        return served

    def _forget_messages(self, limit: int) -> None:
        """Keep what the next to come may want, the newest first, and no more of it than one whole snapshot."""
        held = 0
        for key, message in reversed(tuple(self._encoded.items())):
            held += len(message)
            if held > limit + MESSAGE_ROOM_BYTES:
                del self._encoded[key]

    def _join(self, session: Session) -> None:
        audience = self._audiences.get(session.slices)
        if audience is None:
            audience = self._audiences[session.slices] = StateAudience(session.slices)
        session.join_state(audience)

    def _message(
        self, snapshot: Snapshot, sliced: SlicedSnapshot, slices: Slices, reason: str
    ) -> Outgoing:
        if snapshot.version != self._encoded_version:
            self._encoded.clear()
            self._encoded_version = snapshot.version
        message = self._encoded.get((slices, reason))
        if message is None:
            message = state_snapshot(
                snapshot.version,
                sliced.cut(slices),
                epoch=self._epoch,
                reason=reason,
            )
            self._encoded[slices, reason] = message
        return message
