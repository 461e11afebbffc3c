"""The bridges from the standard logging into one ring: one for each logger and channel, and put back when removed."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass

from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.notebook.logging import BridgeHandler

CHANNEL = "orchestrator"


@dataclass(slots=True)
class _Bridge:
    source: logging.Logger
    handler: BridgeHandler
    level_before: int


class Bridges:
    """What :meth:`Orchestrator.capture_logging` has attached."""

    def __init__(self, ring: LogRing) -> None:
        self._ring = ring
        self._bridges: dict[tuple[str, str], _Bridge] = {}
        self._is_closed = False

    def add(self, level: int | str, logger: str, channel: str) -> None:
        """Listen to ``logger``; where that is done already with this channel, only the level is new."""
        source = logging.getLogger(logger)
        bridge = self._bridges.get((source.name, channel))
        if bridge is None:
            made = bridge = _Bridge(source, BridgeHandler(self._ring, channel), source.level)
            made.handler.on_closed = lambda: self._restore_later(made)
            self._bridges[source.name, channel] = made
        bridge.handler.setLevel(level)
        if len(self._bridges) > 1:  # a record reaches the handlers of all loggers above its own
            first = next(iter(self._bridges.values())).handler
            for one in self._bridges.values():
                one.handler.share_with(first)
        if source.getEffectiveLevel() > bridge.handler.level:
            source.setLevel(bridge.handler.level)
        source.addHandler(bridge.handler)  # a second time it has no effect

    def close(self) -> None:
        """Listen no more, and give the loggers back their levels, unless somebody has set them anew since."""
        self._is_closed = True
        for bridge in reversed(self._bridges.values()):
            bridge.source.removeHandler(bridge.handler)
            if bridge.source.level == bridge.handler.level:
                bridge.source.setLevel(bridge.level_before)
        self._bridges.clear()

    def _restore_later(self, bridge: _Bridge) -> None:
        """Somebody closes the handler, as ``basicConfig(force=True)`` does, and is not finished with it yet."""
        if self._is_closed:
            return
        # That one holds logging's own lock until all is configured: a thread that waits for it comes right after.
        thread = threading.Thread(
            target=self._restore, args=(bridge,), name="autobench-logging", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # the interpreter ends
            thread.start()

    def _restore(self, bridge: _Bridge) -> None:
        bridge.source.setLevel(bridge.source.level)  # waits for the lock, and changes nothing
        if self._is_closed or bridge.handler in bridge.source.handlers:
            return
        bridge.source.addHandler(bridge.handler)
        name = bridge.source.name
        level = logging.getLevelName(bridge.source.getEffectiveLevel())
        self._ring.append(
            CHANNEL,
            Level.WARN,
            f"The logging of {name!r} was configured anew, which took our handler away: it is attached again. "
            f"The logger lets through {level} and above.",
        )
