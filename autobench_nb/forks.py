"""What a forked child must let go of: it is a copy of this process, and nothing that the parent runs is its own.

A fork copies memory and descriptors, but only the thread that forks. So in the child a lock that another thread held is
never given back, a server's sockets are the parent's, and its event loop's selector is shared: to unregister a socket
there deafens the parent. Whoever owns such things registers here, and is told in each child, before anything else runs
in it. (``exec`` needs none of this: our descriptors close by themselves then.)
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterable
from typing import Final, Protocol

IMPORTS_S: Final = 1.0
"""How long a fork waits for the imports of other threads."""


class Forkable(Protocol):
    """Owns locks, descriptors, threads or processes."""

    def after_fork_in_child(self) -> None:
        """Let go of all that is the parent's, without a word to anybody; runs in the child, alone."""
        ...


class Detachable(Protocol):
    """A socket, as far as it is used here."""

    def detach(self) -> int:
        """Give up the descriptor, and give it back; -1 where it is closed."""
        ...


_owners: weakref.WeakSet[Forkable] = weakref.WeakSet()


def register(owner: Forkable) -> None:
    """Tell ``owner`` in every child that is forked while it lives. It is not kept alive by this."""
    _owners.add(owner)


def close_descriptors(sockets: Iterable[Detachable]) -> None:
    """Close this process's descriptors of ``sockets``; the parent's stay open, and no selector hears of it."""
    for one in sockets:
        descriptor = one.detach()  # else the object would close the number again when it dies
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _reset_all() -> None:
    for owner in tuple(_owners):
        try:
            owner.after_fork_in_child()
        except Exception:  # noqa: BLE001 - the others must let go as well, and nobody could catch it here
            traceback.print_exc(file=sys.__stderr__)


def _await_imports() -> None:
    """Wait, not for long, until no other thread imports anything.

    A child that is copied amid an import of another thread's finds that module's lock taken for ever, and waits as soon
    as it imports it too. Much of this package, and what it needs, is imported when it is first used.
    """
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    mine = (None, threading.get_ident())
    end = time.monotonic() + IMPORTS_S
    while (
        any(getattr(lock(), "owner", None) not in mine for lock in tuple(locks.values()))
        and time.monotonic() < end
    ):
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_await_imports, after_in_child=_reset_all)
