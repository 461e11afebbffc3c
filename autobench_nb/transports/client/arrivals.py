"""What has arrived over a client's link: the mirrored state and log, and how to wait for more."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from autobench_nb.sync.client.effects import Changed, LogsArrived, MirrorEffect, Replaced
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.transports.client.mirrored import MirroredLogs, MirroredState


class Arrivals:
    """The link's :class:`MessageReader`: it fills ``state`` and ``logs``, and wakes those who wait for a change.

    The link calls it on its own thread; :meth:`wait_past` may be called from any other.
    """

    def __init__(self, mirror: Mirror) -> None:
        self.state = MirroredState(mirror)
        self.logs = MirroredLogs()
        self.changes = 0
        self._mirror = mirror
        self._has_logs = False
        self._changed = threading.Condition()

    @property
    def is_complete(self) -> bool:
        """Whether the state and the first log entries of this epoch have arrived."""
        return self._mirror.state is not None and self._has_logs

    def settings(self) -> dict[str, Any]:
        """The server's ``serverConfig.ws``, as far as it has been mirrored."""
        settings = self.state.peek("/serverConfig/ws", None)
        return settings if isinstance(settings, dict) else {}

    def on_effect(self, effect: MirrorEffect) -> None:
        """Bring state and log up to what the mirror has made of a message."""
        match effect:
            case Changed():
                capacity = self.state.peek("/serverConfig/logs/capacity", None)
                if isinstance(capacity, int):
                    self.logs.resize(capacity)
                self.state.tell(effect)
            case LogsArrived():
                self.logs.take(effect)
                self._has_logs = True
            case Replaced():
                self.logs.clear()
                self._has_logs = False

    def on_change(self) -> None:
        """Count a change, and wake those who wait for one."""
        with self._changed:
            self.changes += 1
            self._changed.notify_all()

    def wait_past(self, changes: int, timeout_s: float | None) -> None:
        """Wait until there were more than ``changes`` changes, at most ``timeout_s`` seconds."""
        with self._changed:
            if self.changes == changes:
                self._changed.wait(timeout_s)


class WeakArrivals:
    """:class:`Arrivals` as a link knows them: who has forgotten its client is kept by no thread."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = weakref.ref(arrivals)

    @property
    def is_complete(self) -> bool:
        """Whether the state and the first log entries of this epoch have arrived."""
        arrivals = self._arrivals()
        return arrivals is not None and arrivals.is_complete

    def settings(self) -> dict[str, Any]:
        """The server's ``serverConfig.ws``, as far as it has been mirrored."""
        arrivals = self._arrivals()
        return {} if arrivals is None else arrivals.settings()

    def on_effect(self, effect: MirrorEffect) -> None:
        """Bring state and log up to what the mirror has made of a message."""
        arrivals = self._arrivals()
        if arrivals is not None:
            arrivals.on_effect(effect)

    def on_change(self) -> None:
        """Count a change, and wake those who wait for one."""
        arrivals = self._arrivals()
        if arrivals is not None:
            arrivals.on_change()
