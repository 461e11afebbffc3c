"""A page that hears its orchestrator by widget messages alone, with a channel that can be spoilt.

The page's side of the link, as ``js/src/links/comm.ts`` has it, in Python: over the kernel's own sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
import zlib
from typing import Any

import orjson
from jupyter_client.blocking.client import BlockingKernelClient

from autobench_nb.sync.client.effects import Alive, Busy, MirrorEffect, SendUp
from autobench_nb.sync.client.mirror import Mirror
from autobench_nb.transports.client.arrivals import Arrivals
from tests.soak.accounts import Account

LOOK_S = 0.1
PING_S = 1.0
SILENCE_S = 3.0
GOT_MESSAGES = 16
THROTTLED_S = 0.1
Content = dict[str, Any]


class WidgetPage:
    """One page. Any thread may call the methods and read the attributes."""

    def __init__(self, client: BlockingKernelClient, comm: str) -> None:
        self.mirror = Mirror()
        self.arrivals = Arrivals(self.mirror)
        self.account = Account(self.arrivals.logs)
        self.links = 0
        self.is_held = False
        self.is_throttled = False
        self._loses = 0
        self._client = client
        self._comm = comm
        self._name = ""
        self._is_busy = False
        self._heard_at = self._pinged_at = time.monotonic()
        self._over = threading.Event()
        client.start_channels(stdin=False, hb=False, control=False)
        client.wait_for_ready(timeout=60)
        self._thread = threading.Thread(target=self._main, name="soak-widget-page")
        self._thread.start()

    @property
    def is_live(self) -> bool:
        """Whether state and log have come, and are not known to be old."""
        return self.arrivals.is_complete and not self.mirror.stale

    def lose(self) -> None:
        """The next message is lost on its way, as Jupyter loses some in a burst."""
        self._loses += 1

    def close(self) -> None:
        """Leave, as a page that is closed does."""
        self._over.set()
        self._thread.join()
        self._post({"type": "hub.close", "link": self._name})
        self._client.stop_channels()

    # --- the thread

    def _main(self) -> None:
        try:
            self._live()
        finally:
            # Jupyter's blocking client makes a loop for each thread that asks it, and leaves it open.
            asyncio.get_event_loop().close()

    def _live(self) -> None:
        self._open()
        while not self._over.is_set():
            with contextlib.suppress(queue.Empty):
                self._take(self._client.get_iopub_msg(timeout=LOOK_S))
            now = time.monotonic()
            if not self._is_busy and now - self._heard_at > SILENCE_S:
                self._open()
            elif now - self._pinged_at > PING_S:
                self._pinged_at = now
                self._say(orjson.dumps({"type": "ping", "ts": now}))
        self.arrivals.on_change()

    def _open(self) -> None:
        """A new link, which goes on where the one before was."""
        self.links += 1
        self._name = f"soak.{self.links}"
        self._next = self._said = self._unsaid = 0
        self._parts: list[bytes] = []
        self._heard_at = self._pinged_at = time.monotonic()
        self._post(
            {
                "type": "hub.open",
                "link": self._name,
                "origin": "",
                "deflate": True,
                "text": self.mirror.hello().decode(),
            }
        )

    def _take(self, message: dict[str, Any]) -> None:
        if message["msg_type"] != "comm_msg" or message["content"]["comm_id"] != self._comm:
            return
        content: Content = message["content"]["data"].get("content", {})
        if content.get("type") not in ("hub", "hub.end") or content["link"] != self._name:
            return
        if self.is_held:
            return
        if self._loses and content["type"] == "hub":
            self._loses -= 1
            return
        if self.is_throttled:
            self._over.wait(THROTTLED_S)
        self._heard_at = time.monotonic()
        if content["type"] == "hub.end" or content["n"] != self._next:
            # A gap, or the kernel has given this page up.
            self._open()
            return
        self._next += 1
        self._parts += [bytes(buffer) for buffer in message["buffers"]]
        self._tell_got()
        if content.get("more"):
            return
        data, self._parts = b"".join(self._parts), []
        if content.get("deflated"):
            data = zlib.decompress(data, -zlib.MAX_WBITS)
        for line in data.split(b"\n"):
            for effect in self.mirror.receive(line, time.monotonic()):
                self._carry_out(effect)
        self.arrivals.on_change()

    def _carry_out(self, effect: MirrorEffect) -> None:
        match effect:
            case SendUp(data):
                self._say(data)
            case Busy(busy=busy):
                # Widget messages wait for the end of the cell, whoever reads the sockets.
                self._is_busy = busy
                self._heard_at = time.monotonic()
            case Alive():
                pass
            case _:
                self.arrivals.on_effect(effect)

    def _tell_got(self) -> None:
        self._unsaid += 1
        if self._unsaid >= GOT_MESSAGES:
            self._unsaid = 0
            self._post({"type": "hub.got", "link": self._name, "n": self._next})

    def _say(self, data: bytes) -> None:
        self._said += 1
        self._post({"type": "hub.say", "link": self._name, "n": self._said, "text": data.decode()})

    def _post(self, content: Content) -> None:
        if self.is_held:
            return
        data = {"method": "custom", "content": content}
        message = self._client.session.msg(
            "comm_msg", content={"comm_id": self._comm, "data": data}
        )
        self._client.shell_channel.send(message)
