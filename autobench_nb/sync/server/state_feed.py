"""The state's way to the clients: each commit to all who are up to date, a snapshot or older commits to the others."""

from __future__ import annotations

from collections.abc import Iterable

from autobench_nb.state.commit import Commit, Snapshot
from autobench_nb.sync.effects import Effect, Outgoing
from autobench_nb.sync.replies import state_patch, state_snapshot
from autobench_nb.sync.server.audiences import StateAudience
from autobench_nb.sync.server.session import Session
from autobench_nb.sync.server.slices import Slices, cut_patch, cut_snapshot
from autobench_nb.sync.server.window import CommitWindow


class StateFeed:
    """All positions in the state. Every channel stands at ``version``, where the last commit ended."""

    def __init__(self, version: int, *, epoch: str, max_commits: int, max_bytes: int) -> None:
        self._epoch = epoch
        self._channels: dict[Slices, StateAudience] = {}
        self._waiting: dict[int, Session] = {}
        self._made: dict[tuple[Slices, str], Outgoing] = {}
        self._made_version = -1
        self.window = CommitWindow(max_commits, max_bytes)
        self.window.restart(version)
        self.patches = 0
        """``state.patch`` messages made."""

    @property
    def version(self) -> int:
        return self.window.version

    @property
    def wants_snapshot(self) -> bool:
        return any(session.takes_snapshot for session in self._waiting.values())

    def wait(self, session: Session, reason: str) -> None:
        """It is owed a snapshot, at the next flush that can take one."""
        session.owe_snapshot(reason)
        self._waiting[session.id] = session

    def forget(self, session: Session) -> None:
        session.leave_state()
        self._waiting.pop(session.id, None)

    def resume(self, session: Session, version: int, out: list[Effect], now: float) -> None:
        """Bring a client that stands at ``version`` up to date; only where the window reaches it."""
        self._waiting.pop(session.id, None)
        session.want = None
        session.leave_state()
        for message in self.window.messages(version, session.slices):
            if not session.send(message, out, now):
                return
        self._join(session)

    def push(
        self, commit: Commit, lagging: Iterable[Session], out: list[Effect], now: float
    ) -> None:
        """Send the commit to every channel."""
        for slices in [key for key, channel in self._channels.items() if not channel.members]:
            del self._channels[slices]
        if not self.window.add(commit):
            # another reader took a commit from the store: only a snapshot is right now
            for channel in self._channels.values():
                for session in list(channel.members.values()):
                    self.wait(session, "resync")
        for slices, channel in self._channels.items():
            if channel.members:
                message = state_patch(
                    commit.from_version, commit.to_version, cut_patch(commit, slices)
                )
                self.patches += 1
                channel.send(message, lagging, out, now)

    def start_over(self, version: int) -> None:
        """The chain of commits is broken: the state stands at ``version``, and everybody needs a snapshot of it."""
        self.window.restart(version)
        for channel in self._channels.values():
            for session in list(channel.members.values()):
                self.wait(session, "resync")

    def take(self, snapshot: Snapshot, out: list[Effect], now: float) -> list[Session]:
        """Send the snapshot to all who wait for one and can take it; who was served."""
        if snapshot.version != self.version:
            self.window.restart(snapshot.version)
        served = [session for session in self._waiting.values() if session.takes_snapshot]
        for session in served:
            del self._waiting[session.id]
            reason, session.want = session.want or "resync", None
            if session.send_snapshot(self._message(snapshot, session.slices, reason), out, now):
                self._join(session)
        return served

    def _join(self, session: Session) -> None:
        channel = self._channels.get(session.slices)
        if channel is None:
            channel = self._channels[session.slices] = StateAudience(session.slices)
        session.join_state(channel)

    def _message(self, snapshot: Snapshot, slices: Slices, reason: str) -> Outgoing:
        if snapshot.version != self._made_version:
            self._made.clear()
            self._made_version = snapshot.version
        message = self._made.get((slices, reason))
        if message is None:
            message = state_snapshot(
                snapshot.version, cut_snapshot(snapshot, slices), epoch=self._epoch, reason=reason
            )
            self._made[slices, reason] = message
        return message
