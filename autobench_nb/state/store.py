"""The store: the one authoritative state, changed in place, from any thread.

Each mutation is one short locked section: the value is checked and copied before it, and afterwards the state, its
version and its projections agree. What was touched since the last flush stands in the touched tree; a flush turns
it into one commit, in time that depends on what was touched and not on the size of the state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from threading import get_ident
from typing import Any, Final

import orjson

from autobench_nb import forks
from autobench_nb.errors import PathError, SchemaError, StateError, reason_of
from autobench_nb.state import tracking
from autobench_nb.state.batch import Batch
from autobench_nb.state.commit import Commit, Snapshot
from autobench_nb.state.document import Document
from autobench_nb.state.model import PLACES, Place, initial_state, place_of, refusal, validated
from autobench_nb.state.pointer import MISSING, parse
from autobench_nb.state.projections import Projection, Projector
from autobench_nb.state.snapshot_cache import SnapshotCache
from autobench_nb.state.subscribers import Fault, Subscribers
from autobench_nb.state.values import ValueRefused, copy, kind_of, purge

LARGE: Final = 4_096
"""Changes in a batch, or members of a value, from which on the mutating thread works the operations out itself."""

_PATIENCE_S: Final = 0.001
"""How long a flush waits for the lock before it looks for an open batch again."""


class StateStore:
    """A versioned JSON document with the slices of AppState, addressed by RFC 6901 pointers. Thread-safe.

    Args:
        initial: Slices (top-level parts of the state) that differ from :func:`initial_state`.
        projections: What the store computes from other parts after each mutation, in this order.
        on_dirty: Called, outside the lock and from the mutating thread, when there is something to flush again.
        log_position: How far the log has come, see :class:`Subscribers`.
        on_fault: Told of what a subscriber does wrong, see :class:`Subscribers`.
    """

    def __init__(
        self,
        initial: Mapping[str, Any] | None = None,
        *,
        projections: Iterable[Projection] = (),
        on_dirty: Callable[[], None] | None = None,
        log_position: Callable[[], int] | None = None,
        on_fault: Fault | None = None,
    ) -> None:
        given = dict(initial or {})
        version = given.pop("version", 0)
        if version.__class__ is not int or version < 0:
            raise SchemaError("/version", f"{version!r} is no version: give a whole number")
        state = validated(place_of(""), {**initial_state(), **given})
        state["version"] = version
        self._document = Document(state)
        self._projector = Projector(projections)
        self._watched = self._projector.slices
        self._projector.run(self._document)
        self._document.touched = {}
        self._flushed: int = version
        self._lock = threading.RLock()
        self._depth = 0  # of open batches
        self._large = False  # a long list or wide object was put within the open batch
        self._prepared: bytes | None = None  # a part of the next commit
        self._dirty = False  # on_dirty was called, and no flush came since
        self._wanted = False  # a flush came while a batch was open
        self._on_dirty = on_dirty
        self._snapshot_cache: SnapshotCache | None = None
        self._snapshot: Snapshot | None = None
        self._subscribers = Subscribers(log_position, on_fault)
        forks.register(self)

    @property
    def version(self) -> int:
        """Raised by one with every mutation."""
        return self._document.root["version"]  # type: ignore[no-any-return]

    def get(self, pointer: str = "", default: Any = MISSING) -> Any:
        """A copy of the value at ``pointer``; ``default``, or :class:`PathError`, where nothing stands."""
        parts = parse(pointer)
        with self._lock:
            value = self._document.find(parts)
            if value.__class__ is dict or value.__class__ is list:
                return copy(value)
        if value is not MISSING:
            return value
        if default is MISSING:
            raise PathError(pointer, "nothing stands here: set it, or give get() a default")
        return default

    def set(self, pointer: str, value: Any) -> None:
        """Put a copy of ``value`` at ``pointer``, whose parent must exist; in a list an index replaces, ``-`` appends.

        Raises:
            PointerError, PathError, SchemaError: Then nothing has changed.
        """
        try:
            place = PLACES[pointer]
        except (KeyError, TypeError):
            place = place_of(pointer)
        if not place.parts:
            self.replace_state(value)
            return
        try:
            checked = place.rule.validated(value, place.room)
        except ValueRefused as refused:
            raise refusal(place, refused) from None
        self._mutate(place, checked)

    def remove(self, pointer: str) -> None:
        """Take away what stands at ``pointer``. Raises as :meth:`set`, and for what the schema requires."""
        place = place_of(pointer)
        if place.required or not place.parts:
            raise SchemaError(pointer, "the state is not whole without it: set it instead")
        self._mutate(place, MISSING)

    def merge(self, pointer: str, mapping: Mapping[str, Any]) -> None:
        """Lay ``mapping`` over the object at ``pointer``, objects within it recursively; one mutation.

        Where nothing stands yet, and the parent exists, the mapping itself is put. Raises as :meth:`set`.
        """
        place = place_of(pointer)
        if not isinstance(mapping, Mapping):
            raise SchemaError(pointer, f"{kind_of(mapping)} cannot be merged: give a mapping")
        if not place.parts and "version" in mapping:
            raise SchemaError("/version", "the store counts the version itself: leave it out")
        new = validated(place, mapping, whole=False)
        with self.batch():
            self._projector.refuse_target(place)
            old = self._document.find(place.parts)
            if old is MISSING:
                self._document.put(place, new)
            elif old.__class__ is dict:
                self._document.fold(place, new)
            else:
                raise SchemaError(pointer, f"{kind_of(old)} stands here, no object: use set")
            self._projector.touch(place)
            self._document.root["version"] += 1

    def replace_state(self, mapping: Mapping[str, Any]) -> None:
        """Make the whole state what ``mapping`` says, by few operations; one mutation. Its ``version`` is ignored.

        Raises :class:`SchemaError` where a slice is missing, unknown or wrong.
        """
        if not isinstance(mapping, Mapping):
            raise SchemaError("", f"{kind_of(mapping)} is no state: give a mapping of all slices")
        new = validated(place_of(""), {**mapping, "version": 0})
        with self.batch():
            document = self._document
            new["version"] = document.root["version"]
            document.change_into(new)
            self._projector.touch_all()
            document.root["version"] += 1

    def batch(self) -> AbstractContextManager[StateStore]:
        """A context in which all mutations are one: an exception takes them back, version too. It nests.

        The store is locked for other threads while it is open, and nothing is flushed.
        """
        return Batch(self)

    def attempt(self, change: Callable[[], None], patience_s: float | None = None) -> bool:
        """Run ``change``, which mutates, as one batch, unless another batch is open.

        For who must not wait for anybody's batch without end. As after a flush in vain, ``on_dirty`` is called when
        the batch in the way ends.

        Args:
            change: What is to be done; what it raises takes its mutations back and is raised here.
            patience_s: ``None``: any open batch is in the way. Seconds: one of the calling thread's own is joined,
                and another thread's is waited for, at most that long.

        Returns:
            False where a batch was in the way; then nothing is done.
        """
        if patience_s is None:
            if not self._enter():
                return False
        elif not self._lock.acquire(timeout=patience_s):
            return False
        try:
            with self.batch():
                change()
        finally:
            self._lock.release()
        return True

    def subscribe(
        self, callback: Callable[[Commit], None], pointer: str = ""
    ) -> Callable[[], None]:
        """Call ``callback(commit)`` at each flush with the operations at, below or above ``pointer``, if any.

        It is called in the flushing thread, outside the lock; see :class:`Subscribers` for what it may do wrong. Gives
        back the way to end it.
        """
        with self._lock:
            return self._subscribers.add(callback, pointer)

    def flush(self, *, bookkeeping: int = 0) -> Commit | None:
        """The commit of everything since the last flush; ``None`` where there is nothing, or a batch is open.

        In the latter case ``on_dirty`` is called when the batch ends. ``bookkeeping``: how many of the mutations since
        then only say how far the log has come. Raises :class:`StateError` where something cannot be encoded (the rules
        should not have let it in): it is out of the state then, and only a snapshot leads to the version that stands.
        """
        if not self._enter():
            return None
        try:
            commit, is_echo = self._commit(bookkeeping)
        finally:
            self._lock.release()
        if commit is not None and self._subscribers:
            self._subscribers.tell(commit, is_echo)
        return commit

    def cut(self, *, bookkeeping: int = 0) -> tuple[Commit | None, Snapshot] | None:
        """Flush, and the snapshot at that version, at once; ``None`` while a batch is open. Raises as :meth:`flush`."""
        if not self._enter():
            return None
        try:
            commit, is_echo = self._commit(bookkeeping)
            snapshot = self._snapshot
            if snapshot is None or snapshot.version != self._flushed:
                if self._snapshot_cache is None:
                    self._snapshot_cache = SnapshotCache(self._document.root)
                try:
                    data = self._snapshot_cache.assemble(self._flushed)
                except Exception as error:  # whatever an encoder raises: the StateError tells it
                    raise self._repaired(error) from error
                self._snapshot = snapshot = Snapshot(self._flushed, data)
        finally:
            self._lock.release()
        if commit is not None and self._subscribers:
            self._subscribers.tell(commit, is_echo)
        return commit, snapshot

    def warm(self, parts: int) -> bool:
        """Encode up to ``parts`` stale parts of the snapshot. True when all are fresh, so that :meth:`cut` is short.

        False also while a batch is open (then ``on_dirty`` is called when it ends).
        """
        if not self._enter():
            return False
        try:
            if self._snapshot_cache is None:
                self._snapshot_cache = SnapshotCache(self._document.root)
            return self._snapshot_cache.warm(parts)
        finally:
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """A copy for the child alone: a lock of its own, nobody to tell, and no batch of the parent's other threads."""
        is_ours = self._lock._is_owned()  # type: ignore[attr-defined]
        self._lock = threading.RLock()
        self._on_dirty = None
        self._subscribers = Subscribers()
        if is_ours:  # forked within a batch of this very thread, which goes on here
            for _ in range(self._depth):
                self._lock.acquire()
            return
        tracking.take_back(self._document.undo or [], 0)
        self._document.undo = None
        self._depth = 0

    def _enter(self) -> bool:
        """Take the lock, unless a batch is open: nobody waits for a batch."""
        lock = self._lock
        taken = lock.acquire(blocking=False)
        while True:
            if taken:
                if not self._depth:
                    return True
                lock.release()
            # First the wish, then the look: a batch that ends in between sees the one or is not seen by the other.
            self._wanted = True
            if self._depth:
                return False
            taken = lock.acquire(timeout=_PATIENCE_S)

    def _commit(self, bookkeeping: int) -> tuple[Commit | None, bool]:
        """The commit, and whether callbacks alone have caused it."""
        document = self._document
        version = document.root["version"]
        if version == self._flushed:
            return None, False
        try:
            operations = document.drain()
            operations.append({"op": "replace", "path": "/version", "value": version})
            patch = orjson.dumps(operations)
            if self._snapshot_cache is not None:
                self._snapshot_cache.touch(document.touched)
        except Exception as error:  # whatever an encoder raises: the StateError tells it
            raise self._repaired(error) from error
        if self._prepared is not None:
            if self._prepared != b"[]":
                patch = b"%b,%b" % (self._prepared[:-1], patch[1:])
            self._prepared = None
        commit = Commit(self._flushed, version, patch)
        is_echo = self._subscribers.is_echo(version - self._flushed, bookkeeping)
        document.touched = {}
        self._flushed = version
        self._dirty = False
        return commit, is_echo

    def _repaired(self, error: Exception) -> StateError:
        """Take out of the state what no encoder takes, and begin a new chain of commits; the error that says so."""
        dropped = purge(self._document.root)
        self._document.touched = {}
        self._document.root["version"] += 1
        self._flushed = self._document.root["version"]
        self._dirty = False
        self._prepared = self._snapshot_cache = self._snapshot = None
        what = reason_of(error)
        gone = f"out of the state now: {', '.join(dropped[:10])}" if dropped else "nothing was lost"
        return StateError("", f"the last changes could not be encoded ({what}): {gone}")

    def _prepare(self) -> None:
        """Work out in this thread what the flush, on a loop that must not be held up, would need long for.

        Once a window and only for a hub that wants to know, so that where nobody flushes nothing piles up.
        """
        if self._prepared is not None or self._on_dirty is None:
            return
        document = self._document
        self._prepared = orjson.dumps(document.drain())
        if self._snapshot_cache is not None:
            self._snapshot_cache.touch(document.touched)
        document.touched = {}

    def _mutate(self, place: Place, value: Any) -> None:
        document = self._document
        kind = value.__class__
        large = (kind is list or kind is dict) and len(value) >= LARGE
        if large or place.slice in self._watched:
            with self.batch():
                self._large |= large
                self._projector.refuse_target(place)
                document.put(place, value)
                self._projector.touch(place)
                document.root["version"] += 1
            return
        with self._lock:
            document.put(place, value)
            document.root["version"] += 1
            if self._depth:
                return
            teller = self._subscribers.telling_thread
            if teller and teller == get_ident():
                self._subscribers.echoes += 1
            if self._dirty:
                return
            self._dirty = True
        if self._on_dirty is not None:
            self._on_dirty()

    def _begin(self) -> tuple[int, int]:
        self._lock.acquire()
        self._depth += 1
        document = self._document
        if document.undo is None:
            document.undo = []
        return len(document.undo), document.root["version"]

    def _end(self, mark: int, version: int, failed: bool) -> None:
        document, due = self._document, self._projector.due
        fire = False
        try:
            if not failed and self._depth == 1:
                failed = True
                if due:
                    self._projector.run(document)
                if self._large or len(document.undo or ()) >= LARGE:
                    self._prepare()
                failed = False
        finally:
            if failed:
                tracking.take_back(document.undo or [], mark)
                document.root["version"] = version
            self._depth -= 1
            if not self._depth:
                self._large = False
                document.undo = None
                due.clear()
                if self._subscribers.telling_thread == get_ident():
                    self._subscribers.echoes += document.root["version"] - version
                fire, self._wanted = self._wanted, False
                if not self._dirty and document.root["version"] != self._flushed:
                    self._dirty = fire = True
            self._lock.release()
            if fire and self._on_dirty is not None:
                self._on_dirty()
