"""Which descriptors are ready: ``poll``, without what :mod:`selectors` keeps of each, for some that live shortly."""

from __future__ import annotations

import math
import select
from typing import Final

READ: Final = select.POLLIN
WRITE: Final = select.POLLOUT


class Readiness:
    """A few descriptors and what is waited for. One that is to be read is ready at its end, too. Not thread-safe."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._waited: dict[int, int] = {}

    def __contains__(self, descriptor: int) -> bool:
        return descriptor in self._waited

    def wait_for(self, descriptor: int, what: int) -> None:
        """From now on wait for this: ``READ``, ``WRITE`` or both."""
        self._waited[descriptor] = what
        self._poll.register(descriptor, what)

    def forget(self, descriptor: int) -> None:
        """Wait for it no more."""
        del self._waited[descriptor]
        self._poll.unregister(descriptor)

    def ready(self, timeout_s: float | None) -> set[int]:
        """Wait for one to be ready, at most so long (None: without end); gives those that are."""
        timeout = None if timeout_s is None else math.ceil(timeout_s * 1e3)
        return {descriptor for descriptor, _ in self._poll.poll(timeout)}
