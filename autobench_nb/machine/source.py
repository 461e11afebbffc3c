"""Which commit of git a folder stands at, and whether its files differ from it."""

from __future__ import annotations

import os
import re
import time
from typing import Final, NamedTuple

from autobench_nb.machine.system import System

FRESH_S: Final = 2.0
"""Seconds for which an answer on differing files holds: git looks at every file to give it."""
_HASH: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Source(NamedTuple):
    """``commit``: the whole hash; ``dirty``: whether tracked files differ from it; ``reason``: why neither is known."""

    commit: str | None
    dirty: bool | None
    reason: str | None = None


class Sources:
    """Asks git about folders, and for a short while not again. Any thread may ask."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Source]] = {}

    def of(self, system: System, folder: str) -> Source:
        """What git says of ``folder``, at most 2 s ago."""
        if not _is_within_git(folder):
            return Source(None, None, "the folder is in no working tree of git")
        now = time.monotonic()
        known = self._known.get(folder)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        source = _ask(system, folder)
        if len(self._known) > 64:
            self._known.clear()
        self._known[folder] = (now, source)
        return source


def _is_within_git(folder: str) -> bool:
    place = os.path.abspath(folder)
    while True:
        if os.path.exists(os.path.join(place, ".git")):
            return True
        above = os.path.dirname(place)
        if above == place:
            return False
        place = above


def _ask(system: System, folder: str) -> Source:
    git = ["git", "-C", folder]
    said = system.program([*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no"])
    if said is None:
        return Source(None, None, "git is not there, refuses the folder, or takes longer than 5 s")
    lines = said.splitlines()
    heads = [line.rpartition(" ")[2] for line in lines if line.startswith("# branch.oid ")]
    commit = heads[0] if heads and _HASH.fullmatch(heads[0]) else None
    dirty = any(line and not line.startswith("#") for line in lines)
    return Source(commit, dirty, None if commit else "there is no commit yet")
