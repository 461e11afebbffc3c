"""Whose entries these are: what some code logs into one log can belong to one owner, such as a job.

The owner is looked up per context (``contextvars``): a thread or task that inherits the context logs for the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, NamedTuple

AppendEntry = Callable[..., None]
"""``LogRing.append``, or what stands for it: channel, level, message, and the rest by name."""

TOLD: Final = "autobench_told"
"""The attribute of a ``logging.LogRecord`` that its owner's log has already."""


class LogOwner(NamedTuple):
    """Entries for the log behind ``target`` go to ``append`` instead, which says whose they are."""

    target: AppendEntry
    append: AppendEntry


OWNER: Final[ContextVar[LogOwner | None]] = ContextVar("autobench_nb_log_owner", default=None)
"""The calling context's owner; :func:`owner` reads it cheaper where there never was one."""


class _Used:
    """Whether there was ever an owner: until then nobody pays for the look-up."""

    ever = False


def set_owner(owner: LogOwner | None) -> None:
    """Make ``owner`` the calling context's."""
    _Used.ever = True
    OWNER.set(owner)


def owner() -> LogOwner | None:
    """The calling context's owner."""
    return OWNER.get() if _Used.ever else None


def append_of(target: AppendEntry) -> AppendEntry:
    """Where an entry for ``target`` goes that the calling context writes."""
    if not _Used.ever:
        return target
    owner = OWNER.get()
    return owner.append if owner is not None and owner.target == target else target
