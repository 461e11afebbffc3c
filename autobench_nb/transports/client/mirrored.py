"""What a client has mirrored, read like the orchestrator's own: state and log."""

from __future__ import annotations

import copy
import threading
import time
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import orjson

from autobench_nb import tables
from autobench_nb.errors import PathError, ProtocolError
from autobench_nb.figures import counted
from autobench_nb.logs.account import MirrorAccount
from autobench_nb.logs.entry import LogEntry
from autobench_nb.logs.query.predicate import Predicate, query_filter
from autobench_nb.state.commit import Commit
from autobench_nb.state.pointer import MISSING, find, parse
from autobench_nb.state.subscribers import Subscribers
from autobench_nb.sync.client.effects import Changed, LogsArrived
from autobench_nb.sync.client.mirror import Mirror

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FIRST_CAPACITY: Final = 500
"""Entries held until the server has told how many a client should hold."""

_heard: Final[set[MirroredState]] = set()
"""States with subscribers, which want to hear of them whoever else holds them."""


class MirroredState:
    """The state as it was last heard. Reads hand out copies. ``owner``: the client, kept as long as this is."""

    def __init__(self, mirror: Mirror) -> None:
        self.owner: object = None
        self._mirror = mirror
        self._subscribers = Subscribers()

    @property
    def version(self) -> int | None:
        """The mirrored version; ``None`` before the first snapshot."""
        return self._mirror.version

    def get(self, pointer: str = "", default: Any = MISSING) -> Any:
        """A copy of the value at ``pointer``.

        Args:
            pointer: The place in the state (RFC 6901).
            default: What is given where nothing stands there.

        Raises:
            PathError: Nothing stands there, and there is no default.
            PointerError: ``pointer`` is none.
        """
        value = self.peek(pointer, MISSING)
        if value is not MISSING:
            return copy.deepcopy(value)
        if default is MISSING:
            raise PathError(pointer, "nothing stands here in what was mirrored")
        return default

    def peek(self, pointer: str, default: Any) -> Any:
        """The value itself, not to be changed."""
        state = self._mirror.state  # one read: a patch makes a new one and leaves this as it is
        value = MISSING if state is None else find(state, parse(pointer))
        return default if value is MISSING else value

    def subscribe(
        self, callback: Callable[[Commit], None], pointer: str = ""
    ) -> Callable[[], None]:
        """Call ``callback(commit)`` after each change at, below or above ``pointer``.

        Args:
            callback: Called on the client's thread. A commit that replaces all of the state has one operation with
                path "". What it raises is logged once, with its name, and then only counted; the client goes on.
            pointer: The place in the state (RFC 6901); the empty one stands for all of it.

        Returns:
            A function that ends it.
        """
        end = self._subscribers.add(_contained(callback), pointer)
        _heard.add(self)

        def unsubscribe() -> None:
            end()
            if not self._subscribers:
                _heard.discard(self)

        return unsubscribe

    def let_go(self) -> None:
        """Nothing more will come: subscribers are no reason to keep it."""
        _heard.discard(self)

    def tell(self, change: Changed) -> None:
        """Tell the subscribers whom it concerns."""
        if not self._subscribers:
            return
        operations: Sequence[Mapping[str, Any]] | None = change.operations
        if operations is None:
            operations = [{"op": "replace", "path": "", "value": self._mirror.state}]
        patch = orjson.dumps(list(operations))
        commit = Commit(change.from_version or 0, change.to_version, patch)
        self._subscribers.tell(commit, is_echo=False)

    def __repr__(self) -> str:
        return f"<mirrored state version {self.version}>"


def _contained(callback: Callable[[Commit], None]) -> Callable[[Commit], None]:
    """``callback``, whose exits and interrupts are mere failures where they are not raised on the main thread.

    On the client's own thread neither is meant for anybody, and would end it.
    """

    def contained(commit: Commit) -> None:
        try:
            callback(commit)
        except Exception:
            raise
        except BaseException as error:
            if threading.current_thread() is threading.main_thread():
                raise
            raise RuntimeError(f"{type(error).__name__} was raised on a client's thread") from error

    # What it is named by when it fails.
    contained.func = callback  # type: ignore[attr-defined]
    return contained


class MirroredEntries(Sequence[LogEntry]):
    """Some of the entries that are mirrored, oldest first: a sequence of :class:`LogEntry`.

    Each access looks at what is held now, so that its length changes while entries come and go.
    """

    @abstractmethod
    def snapshot(self) -> list[LogEntry]:
        """A list of them as they are now."""

    def query(self, text: str) -> MirroredEntries:
        """The entries of these that a query finds.

        Args:
            text: The query, e.g. ``level>=warn channel:psu -noise job:42`` (``docs/query.md``). Relative times
                (``since:-5m``) count from now.

        Returns:
            A narrower view, as live as this one.

        Raises:
            QueryError: The query cannot be read; the error names the column.
        """
        return self.where(query_filter(text, now=time.time()))

    def where(self, predicate: Predicate) -> MirroredEntries:
        """The entries of these of which ``predicate(entry)`` is true: a narrower view, as live as this one."""
        return _FilteredEntries(self, predicate)

    def between(self, first_seq: int, end_seq: int | None = None) -> MirroredEntries:
        """The entries of these with ``first_seq <= seq < end_seq``.

        Args:
            first_seq: The lowest seq (an entry's number since the orchestrator began, from 0).
            end_seq: One after the highest seq; ``None``: no end.

        Returns:
            A narrower view, as live as this one.
        """
        return self.where(
            lambda entry: first_seq <= entry.seq and (end_seq is None or entry.seq < end_seq)
        )

    def since(self, seq: int) -> list[LogEntry]:
        """The entries from ``seq`` on, oldest first, as a list that does not change."""
        held = self.snapshot()
        return held[bisect_left(held, seq, key=lambda entry: entry.seq) :]

    def last(self, count: int) -> list[LogEntry]:
        """The newest ``count`` entries, oldest first, or as many as there are."""
        return self.snapshot()[-count:] if count > 0 else []

    def to_pandas(self) -> pd.DataFrame:
        """The entries as a DataFrame, one row each, oldest first.

        Returns:
            A frame with the columns of ``tables.LOG_SCHEMA``: ``seq``, ``ts`` (UTC), level, channel, message, ids,
            ``fields`` and ``exc`` (a traceback).
        """
        return tables.logs_to_pandas(self.snapshot())

    def to_arrow(self) -> pa.Table:
        """The entries as an Arrow table, one row each, oldest first, with the schema ``tables.LOG_SCHEMA``."""
        return tables.logs_table(self.snapshot())

    def __len__(self) -> int:
        return len(self.snapshot())

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self.snapshot())

    @overload
    def __getitem__(self, index: int) -> LogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogEntry]: ...
    def __getitem__(self, index: int | slice) -> LogEntry | list[LogEntry]:
        return self.snapshot()[index]

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lstrip('_')}: {counted(len(self), 'entry', 'entries')}>"


class _FilteredEntries(MirroredEntries):
    def __init__(self, among: MirroredEntries, predicate: Predicate) -> None:
        self._among = among
        self._predicate = predicate

    def snapshot(self) -> list[LogEntry]:
        return [entry for entry in self._among.snapshot() if self._predicate(entry)]


class MirroredLogs(MirroredEntries):
    """The newest entries that were mirrored; :attr:`account` says where all others are. ``owner``: the client."""

    def __init__(self, capacity: int = FIRST_CAPACITY) -> None:
        self.owner: object = None
        self._lock = threading.Lock()
        self._entries: list[LogEntry] = []
        self._capacity = capacity
        self._evicted = 0
        self._written = 0
        self.missed = 0

    def take(self, arrived: LogsArrived) -> None:
        """Add what has arrived; what is there already stays.

        Raises:
            ProtocolError: An entry cannot be read.
        """
        try:
            entries = [LogEntry.from_wire(wire) for wire in arrived.entries]
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError("bad-field", f"an entry cannot be read: {error!r:.100}") from None
        with self._lock:
            self.missed += arrived.missed
            self._written = max(self._written, arrived.next_seq)
            held = self._entries
            if held and entries and entries[0].seq <= held[-1].seq:
                known = {entry.seq for entry in held}
                new = (entry for entry in entries if entry.seq not in known)
                self._entries = sorted([*held, *new], key=lambda entry: entry.seq)
            else:
                held.extend(entries)
            # Trimmed by the quarter, so that a steady stream does not copy the list at every batch.
            if len(self._entries) > self._capacity + self._capacity // 4:
                self._keep(self._capacity)

    def resize(self, capacity: int) -> None:
        """Hold so many from now on."""
        with self._lock:
            if capacity < self._capacity:
                self._keep(capacity)
            self._capacity = capacity

    def _keep(self, capacity: int) -> None:
        self._evicted += max(0, len(self._entries) - capacity)
        self._entries = self._entries[-capacity:]

    def clear(self) -> None:
        """Another epoch: replace everything."""
        with self._lock:
            self._entries = []
            self._evicted = self._written = 0
            self.missed = 0

    @property
    def account(self) -> MirrorAccount:
        """Where all entries are that were ever written, as far as this client knows; its figures add up."""
        with self._lock:
            held = min(len(self._entries), self._capacity)
            # What was let go or missed and came again, in answer to a question, is held.
            evicted = min(self._evicted + len(self._entries) - held, self._written - held)
            lost = min(self.missed, self._written - held - evicted)
            elsewhere = self._written - held - evicted - lost
            return MirrorAccount(held, evicted, lost, elsewhere, self._written)

    @property
    def held(self) -> int:
        """How many entries this client holds."""
        return self.account.held

    @property
    def evicted(self) -> int:
        """How many entries this client has held and let go for newer ones."""
        return self.account.evicted

    @property
    def lost(self) -> int:
        """How many entries were lost before they came here."""
        return self.account.lost

    @property
    def written(self) -> int:
        """How many entries were ever written, as far as this client has heard."""
        return self.account.written

    def snapshot(self) -> list[LogEntry]:
        """A list of what is held now."""
        with self._lock:
            return self._entries[-self._capacity :]

    @property
    def next_seq(self) -> int:
        """One after the newest entry that is held; 0 where there is none."""
        with self._lock:
            return self._entries[-1].seq + 1 if self._entries else 0

    def __len__(self) -> int:
        with self._lock:
            return min(len(self._entries), self._capacity)
