"""Sessions over widget messages: the link that works wherever a widget does.

What goes to the page is broadcast by the kernel to every page that looks at it, under a limit that widget messages
share with all else that a cell gives out (past it Jupyter drops *everything*, the user's own prints too), and a burst
may lose some. So every message carries the name of its link and a number, messages of the hub travel together in one
binary buffer, and :class:`~autobench_nb.transports.comm_pace.MessagePace` keeps all links of a kernel below the limit.
What comes from the page may come on any thread, and out of its order: it is handed to the loop of the place where its
session lives (:mod:`autobench_nb.transports.comm_place`), and put in order there.

The page's side is ``js/src/links/comm.ts``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from autobench_nb.contract.codes import CloseCode
from autobench_nb.sync.effects import Outgoing
from autobench_nb.transports.comm_pace import KERNEL_PACE, MessagePace
from autobench_nb.transports.comm_place import NO_SERVER, CommPlace, Seat
from autobench_nb.transports.sockets.wire import Wire

MESSAGE_BYTES: Final = 900_000
"""Of one widget message's buffer: with its head it stays below 1 MB."""
DEFLATE_BYTES: Final = 16_384
"""From here on a message is packed, where the page can unpack it."""
WINDOW_BYTES: Final = 64 * 1024 * 1024
"""May be on the way to a page that has not said that they came. It cannot say so while a cell blocks its words."""
UNHEARD_BYTES: Final = 8 * 1024 * 1024
"""The same, to a page of which nothing was heard yet: there may be none."""
EARLY_MESSAGES: Final = 256
"""Of a page, that may wait for one before them."""
SILENT_ROUNDS: Final = 9
"""Heartbeats of the kernel's idle time without a word, after which a page is gone. A hidden one speaks each minute."""
ASKED_TOGETHER_S: Final = 1.0
"""What a page asks again within so long waited behind the same cell as its first question."""
UNHEARD: Final = "The page has not heard the kernel's answer."
REPLACED: Final = "The page has opened another link."
UNKNOWN: Final = "The kernel knows this link no more."

Publish = Callable[[dict[str, Any], list[bytes]], None]
"""Sends a widget message with its buffers, from any thread."""


class CommLink:
    """One session's way out by widget messages. Everything is called on the loop of its place."""

    def __init__(
        self,
        place: CommPlace,
        publish: Publish,
        *,
        name: str,
        deflate: bool,
        pace: MessagePace,
        ended: Callable[[CommLink], None],
    ) -> None:
        self.name = name
        self._ended = ended
        self.is_closed = False
        self._place = place
        self._publish = publish
        self._deflate = deflate
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Outgoing] = deque()
        self._queued_bytes = 0
        self._rest = memoryview(b"")
        self._rest_is_packed = False
        self._number = 0
        self._unsaid: deque[tuple[int, int]] = deque()
        self._unsaid_bytes = 0
        self._owes_drained = False
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._silent_rounds = 0
        self._opened_at = self._loop.time()
        self._is_heard = False
        self._next_heard = 1
        self._early: dict[int, str] = {}
        self._seat: Seat | None = None
        seat = place.seat(self)
        if self.is_closed:  # the place is about to end
            return
        self._seat = seat
        if not name:
            seat.hush()
        self._watch()

    # --- the place's side

    def put(self, wire: Wire, /) -> int:
        """Queue a message: it goes with those of the same flush. Returns what waits, where that is much."""
        if self.is_closed:
            return 0
        self._queue.append(wire.message)
        self._queued_bytes += len(wire.message)
        if self._timer is None and not self._is_due:
            self._is_due = True
            self._place.when_done(self._send)
        if self._queued_bytes <= MESSAGE_BYTES:
            return 0
        self._owes_drained = True
        return self._queued_bytes

    def drop(self) -> list[Outgoing]:
        """Discard and return what has not begun."""
        dropped = list(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        return dropped

    def close(self, code: int, reason: str, /) -> None:
        """Send what is queued, which is bounded, and the end."""
        if self.is_closed:
            return
        while self._queue or self._rest:
            if not self._send_one():
                break
        self._say({"type": "hub.end", "link": self.name, "code": code, "reason": reason}, [])
        self._end()

    def abort(self) -> None:
        """End at once."""
        self._end()

    # --- the page's side

    def rename(self, name: str, *, deflate: bool) -> None:
        """A page has heard what was said unasked, and goes on from there under this name."""
        self.name = name
        self._deflate = deflate
        self._opened_at = self._loop.time()

    def is_asked_again(self) -> None:
        """The page asks for this link once more: what it was told is lost, unless both questions came together."""
        if not self._is_heard and self._loop.time() - self._opened_at > ASKED_TOGETHER_S:
            self.drop()
            self.close(CloseCode.GOING_AWAY, UNHEARD)

    def hear(self, number: int, text: str) -> None:
        """A message of the page, in whatever order they come; ``number`` counts from 1, 0 is its hello."""
        self._silent_rounds = 0
        if self._seat is None or self.is_closed:
            return
        if number == 0:
            self._seat.hear(text)
            return
        self._is_heard = True
        if number < self._next_heard:
            return
        self._early[number] = text
        while (next_text := self._early.pop(self._next_heard, None)) is not None:
            self._next_heard += 1
            self._seat.hear(next_text)
        if len(self._early) > EARLY_MESSAGES:
            self.close(CloseCode.POLICY, "Messages of the page are missing.")

    def got(self, number: int) -> None:
        """The page has all messages before this number."""
        self._silent_rounds = 0
        self._is_heard = True
        while self._unsaid and self._unsaid[0][0] < number:
            self._unsaid_bytes -= self._unsaid.popleft()[1]
        if self._timer is None and not self._is_due and (self._queue or self._rest):
            self._send()

    # --- inside

    def _send(self) -> None:
        """Send as much as pace and window allow now."""
        self._timer = None
        self._is_due = False
        window = WINDOW_BYTES if self.name else UNHEARD_BYTES
        while (self._queue or self._rest) and not self.is_closed:
            if self._unsaid_bytes > window:
                return  # got() goes on
            wait_s = self._pace.take(time.monotonic())
            if wait_s > 0:
                self._timer = self._loop.call_later(wait_s, self._send)
                return
            if not self._send_one():
                return
        if self._owes_drained and self._seat is not None:
            self._owes_drained = False
            self._seat.drained()

    def _send_one(self) -> bool:
        """One widget message: the rest of a large one, or all that fit into one."""
        if not self._rest:
            self._begin_next()
        part, self._rest = self._rest[:MESSAGE_BYTES], self._rest[MESSAGE_BYTES:]
        content: dict[str, Any] = {"type": "hub", "link": self.name, "n": self._number}
        if self._rest:
            content["more"] = True
        if self._rest_is_packed:
            content["deflated"] = True
        self._unsaid.append((self._number, len(part)))
        self._unsaid_bytes += len(part)
        self._number += 1
        self._place.count(len(part))
        return self._say(content, [bytes(part)])

    def _begin_next(self) -> None:
        lines: list[bytes] = []
        size = 0
        while self._queue and (not lines or size + len(self._queue[0]) < MESSAGE_BYTES):
            message = self._queue.popleft()
            lines.append(message.data)
            size += len(message) + 1
            self._queued_bytes -= len(message)
        data = b"\n".join(lines)
        self._rest_is_packed = self._deflate and size >= DEFLATE_BYTES
        if self._rest_is_packed:
            packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
            data = packer.compress(data) + packer.flush()
        self._rest = memoryview(data)

    def _say(self, content: dict[str, Any], buffers: list[bytes]) -> bool:
        try:
            self._publish(content, buffers)
        except Exception:  # noqa: BLE001 - a kernel that ends takes its channels away, each kind with an error of its own
            self._end()
            return False
        return True

    def _watch(self) -> None:
        self._beat = self._loop.call_later(self._place.heartbeat_s, self._check)

    def _check(self) -> None:
        # While a cell runs the page's words wait, and say nothing about the page.
        self._silent_rounds = 0 if self._place.is_busy else self._silent_rounds + 1
        if self._silent_rounds >= SILENT_ROUNDS:
            self.close(CloseCode.TRY_LATER, "Nothing was heard of the page.")
        else:
            self._watch()

    def _end(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._queue.clear()
        self._early.clear()
        self._rest = memoryview(b"")
        for handle in (self._timer, self._beat):
            if handle is not None:
                handle.cancel()
        self._timer = self._beat = None
        self._ended(self)
        seat, self._seat = self._seat, None
        if seat is not None:
            seat.leave()


_pages: weakref.WeakKeyDictionary[Any, dict[str, CommLink]] = weakref.WeakKeyDictionary()
"""Of each home the links by the page's name; by the empty name of one not heard yet. Used on the home's loop alone."""


def _forget(pages: dict[str, CommLink], ended: CommLink) -> None:
    """A link that has ended holds its place, and each reload of a page has a name of its own."""
    for page in [page for page, link in pages.items() if link is ended]:
        del pages[page]


class CommLinks:
    """The links that go through one widget. Any thread may call the methods.

    Args:
        place: Gives the place where sessions live now, if there is one.
        publish: Sends a widget message of this widget.
        epoch: The life of the orchestrator that the widget knows: views that know different ones share no link.
    """

    def __init__(
        self,
        place: Callable[[], CommPlace | None],
        publish: Publish,
        *,
        pace: MessagePace = KERNEL_PACE,
        epoch: str = "",
    ) -> None:
        self._place = place
        self._publish = publish
        self._pace = pace
        self._epoch = epoch
        self._links: dict[str, CommLink] = {}

    def speak_unasked(self) -> None:
        """Tell a page that may be there, in case its question waits behind a cell; the first page takes it over."""
        self._on_loop(self._speak_unasked)

    def receive(self, content: Mapping[str, Any]) -> bool:
        """A message of the page. False: it is for somebody else."""
        kind, name = content.get("type"), content.get("link")
        if not isinstance(kind, str) or not kind.startswith("hub.") or not isinstance(name, str):
            return False
        work = partial(self._open, name) if kind == "hub.open" else partial(self._hear, kind, name)
        place = self._place()
        if (
            place is None or not place.call_soon(partial(work, content, place))
        ) and kind != "hub.close":
            self._end_of(name, NO_SERVER if place is None else place.gone)
        return True

    def close(self) -> None:
        """The widget is closed: so are its links."""
        self._on_loop(self._close)

    def _on_loop(self, work: Callable[[CommPlace], None]) -> None:
        place = self._place()
        if place is not None:
            place.call_soon(partial(work, place))

    def _end_of(self, name: str, reason: str) -> None:
        """Tell a page that its link is no more: it opens another one."""
        content = {"type": "hub.end", "link": name, "code": int(CloseCode.GOING_AWAY)}
        with contextlib.suppress(Exception):  # as in CommLink._say
            self._publish({**content, "reason": reason}, [])

    # --- on the place's loop

    def _page(self, name: str) -> str:
        return name.partition(".")[0] + self._epoch

    def _speak_unasked(self, place: CommPlace) -> None:
        pages = _pages.setdefault(place.home, {})
        if not pages and place.speaks_unasked:
            pages[""] = self._make(place, "", deflate=False)

    def _open(self, name: str, content: Mapping[str, Any], place: CommPlace) -> None:
        place.trust(str(content.get("origin", "")))
        if name in self._links and not self._links[name].is_closed:
            self._links[name].is_asked_again()
            return
        pages = _pages.setdefault(place.home, {})
        page, deflate = self._page(name), bool(content.get("deflate"))
        before, unasked = pages.get(page), pages.get("")
        if before is not None and before.name == name:
            before.abort()
        elif before is not None:
            # A page that has opened another one does not listen. Where this question came late, it asks again.
            before.drop()
            before.close(CloseCode.GOING_AWAY, REPLACED)
        if unasked is not None:
            del pages[""]
        if unasked is not None and not unasked.is_closed and unasked in self._links.values():
            self._links.pop("", None)
            link = self._links[name] = unasked
            link.rename(name, deflate=deflate)
        else:
            if unasked is not None:
                unasked.abort()
            link = self._make(place, name, deflate=deflate)
        if not link.is_closed:
            pages[page] = link
        link.hear(0, str(content.get("text", "")))

    def _make(self, place: CommPlace, name: str, *, deflate: bool) -> CommLink:
        for old in [old for old, link in self._links.items() if link.is_closed]:
            del self._links[old]
        link = CommLink(
            place,
            self._publish,
            name=name,
            deflate=deflate,
            pace=self._pace,
            ended=partial(_forget, _pages.setdefault(place.home, {})),
        )
        self._links[name] = link
        return link

    def _hear(self, kind: str, name: str, content: Mapping[str, Any], place: CommPlace) -> None:
        # The widget by which the page opened it may be gone from the page, which then speaks by another one.
        link = _pages.get(place.home, {}).get(self._page(name))
        number = content.get("n")
        if link is None or link.is_closed or link.name != name:
            if kind == "hub.say":
                # What told of its end was lost: a page that is not told again would wait for ever.
                self._end_of(name, UNKNOWN)
            return
        if kind == "hub.say" and isinstance(number, int):
            link.hear(number, str(content.get("text", "")))
        elif kind == "hub.got" and isinstance(number, int):
            link.got(number)
        elif kind == "hub.close":
            link.abort()

    def _close(self, _place: CommPlace) -> None:
        for link in tuple(self._links.values()):
            link.close(CloseCode.GOING_AWAY, "The widget was closed.")
        self._links.clear()
