"""The last commits, kept for clients that come back: so many, and so many bytes, whichever is reached first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

from autobench_nb.state.commit import Commit
from autobench_nb.sync.effects import Outgoing
from autobench_nb.sync.server.encoding import state_patch
from autobench_nb.sync.server.slices import Slices, sliced_patch

PATCH_BYTES: Final = 1_048_576
"""Commits are joined into one message up to this size: a proxy may cut at 10 MiB."""

COMMIT_BYTES: Final = 320
"""What a commit takes in memory besides its patch: the object, its versions, its place in the index."""


class CommitWindow:
    """Commits that follow on one another, newest last.

    ``version`` is where the last one ends. Policy when full: the oldest go first, and who stands before them is sent a
    snapshot.
    """

    def __init__(self, max_commits: int, max_bytes: int) -> None:
        self._max_commits = max_commits
        self._max_bytes = max_bytes
        self._commits: deque[Commit] = deque()
        # from_version -> how many commits came before it, ever
        self._index: dict[int, int] = {}
        self._added = 0
        self.bytes = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._commits)

    def restart(self, version: int) -> None:
        """Forget all: the state stands at ``version``, and what led there is not known."""
        self._commits.clear()
        self._index.clear()
        self.bytes = 0
        self.version = version

    def add(self, commit: Commit) -> bool:
        """Append. False where it does not follow on the last one: then nobody can be brought up to date by patches."""
        follows = commit.from_version == self.version
        if not follows:
            self.restart(commit.from_version)
        # A copy: the encoder leaves room behind what it gives, and a commit keeps what was read from it.
        patch = bytes(bytearray(commit.patch))
        self._commits.append(Commit(commit.from_version, commit.to_version, patch))
        self._index[commit.from_version] = self._added
        self._added += 1
        self.bytes += len(patch) + COMMIT_BYTES
        self.version = commit.to_version
        while len(self._commits) > self._max_commits or self.bytes > self._max_bytes:
            oldest = self._commits.popleft()
            del self._index[oldest.from_version]
            self.bytes -= len(oldest.patch) + COMMIT_BYTES
        return follows

    def reaches(self, version: int) -> bool:
        """Whether a client at ``version`` can be brought up to date by patches."""
        return version == self.version or version in self._index

    def messages(self, version: int, slices: Slices) -> Iterator[Outgoing]:
        """The patches from ``version`` to now, joined; one that changes nothing where there are none.

        Only where :meth:`reaches` says so.
        """
        first = self._added - len(self._commits)
        start = self._index.get(version, self._added) - first
        begin = end = version
        parts: list[bytes] = []
        size = 0
        for commit in islice(self._commits, start, None):
            # Of a commit of its own, so that what is read for it goes with it.
            own = Commit(commit.from_version, commit.to_version, commit.patch)
            patch = sliced_patch(own, slices)
            if parts and size + len(patch) > PATCH_BYTES:
                yield state_patch(begin, end, b"[" + b",".join(parts) + b"]")
                begin, size = end, 0
                parts.clear()
            end = commit.to_version
            if len(patch) > 2:
                parts.append(patch[1:-1])
                size += len(patch)
        yield state_patch(begin, end, b"[" + b",".join(parts) + b"]")
