"""The thread of one device: calls its methods one after the other, so that one that hangs holds up nobody else."""

from __future__ import annotations

import contextlib
import inspect
import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.devices.device import Device, action_of
from autobench_nb.devices.events import (
    ActionAcknowledged,
    ActionFailed,
    DeviceEvent,
    ProbeAnswered,
    ProbeFailed,
)
from autobench_nb.errors import text_of
from autobench_nb.lazy import LazyModule
from autobench_nb.logs.text import Redact, as_it_is, clean
from autobench_nb.tables.wire_values import wire_value

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

MAX_QUANTITIES: Final = 256
"""Quantities that one device may observe."""
_END: Final = object()

Tell = Callable[[DeviceEvent], None]


class DeviceWorker:
    """Calls the methods of one device on a thread of its own; awaitables run on a loop of that thread.

    Args:
        name: The device's id, for the thread's name.
        device: The device.
        tell: Takes what came of each call; called by the worker's thread.
        redact: Takes secrets out of what the driver raises.
    """

    def __init__(self, name: str, device: Device, tell: Tell, redact: Redact = as_it_is) -> None:
        self._redact = redact
        self._device = device
        self._tell = tell
        self._work: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._closed = threading.Lock()
        # A daemon: a driver that never comes back must not keep the interpreter from its end.
        self._thread = threading.Thread(
            target=self._run, name=f"autobench-device-{name}", daemon=True
        )
        self._thread.start()

    def probe(self) -> None:
        """Begin a probe."""
        self._put(self._probe)

    def act(self, action: str, args: Mapping[str, Any]) -> None:
        """Begin an action."""
        self._put(lambda: self._act(action, args))

    def close(self, patience_s: float) -> None:
        """Close the device and end the thread; where a call hangs for ``patience_s``, close beside it."""
        if self._idle.wait(patience_s):
            self._put(self._close_device)
            self._work.put(_END)
            self._thread.join(patience_s)
        else:
            self._work.put(_END)
            self._close_device()

    def _put(self, call: Callable[[], None]) -> None:
        self._idle.clear()
        self._work.put(call)

    def _run(self) -> None:
        # The loop is made for the first awaitable: most devices have none.
        with contextlib.closing(_Loop()) as self._loop:
            while (call := self._work.get()) is not _END:
                try:
                    call()
                finally:
                    self._idle.set()

    def _probe(self) -> None:
        event: DeviceEvent
        try:
            event = ProbeAnswered(_observed(self._loop.settle(self._device.probe())))
        except BaseException as error:  # noqa: BLE001 - whatever a driver raises, an exit too, is why it did not answer
            event = ProbeFailed(self._redact(reason_of(error)))
        self._tell(event)

    def _act(self, name: str, args: Mapping[str, Any]) -> None:
        event: DeviceEvent
        try:
            action = action_of(self._device.actions[name])
            value = self._loop.settle(action.do(**args))
            desired = {} if action.desired is None else dict(action.desired(**args))
            event = ActionAcknowledged(
                wire_value(value).value,
                {clean(key): wire_value(wish).value for key, wish in desired.items()},
            )
        except BaseException as error:  # noqa: BLE001 - as above
            event = ActionFailed(self._redact(reason_of(error)))
        self._tell(event)

    def _close_device(self) -> None:
        if not self._closed.acquire(blocking=False):
            return
        # The device is let go of, whatever it says to that; nobody could do anything about it.
        with contextlib.suppress(BaseException):
            ended = self._device.close()
            if inspect.isawaitable(ended):
                self._loop.settle(ended)


class _Loop:
    """An event loop that is made when something is to be awaited."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def settle(self, value: Any) -> Any:
        """The value itself, or what it gives when it is awaited."""
        if not inspect.isawaitable(value):
            return value
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(_awaited(value))

    def close(self) -> None:
        """End the loop, where there is one."""
        if self._runner is not None:
            self._runner.close()


async def _awaited(value: Any) -> Any:
    return await value


def _observed(value: Any) -> dict[str, Any]:
    """What a probe gave, as JSON.

    Raises:
        TypeError: for what is no mapping of texts to values, or too many of them.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"probe() gave {type(value).__name__}: it has to give a mapping")
    if len(value) > MAX_QUANTITIES:
        raise TypeError(f"probe() gave {len(value)} quantities: at most {MAX_QUANTITIES} are kept")
    return {clean(name): wire_value(one).value for name, one in value.items()}


def told_args(args: Mapping[str, Any], redact: Redact) -> dict[str, Any]:
    """What an action was given, as JSON, as anybody may see it; its driver is given the very objects."""
    told = {clean(name): wire_value(one).value for name, one in args.items()}
    return {name: redact(one) if isinstance(one, str) else one for name, one in told.items()}


def reason_of(error: BaseException) -> str:
    """An error in one line, for people: its text, with its kind where the text alone says too little."""
    text = " ".join(clean(text_of(error)).split())
    kind = type(error).__name__
    if not text:
        return kind
    return text[:300] if " " in text else f"{kind}: {text[:300]}"
