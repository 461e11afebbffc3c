"""Streams: what sidecars send, as the state's ``streams`` slice knows it, and those that are run here."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from autobench_nb.errors import ClosedError, OptionError, StreamError
from autobench_nb.logs.text import Redact, as_it_is
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.support import why_no_commands
from autobench_nb.sidecars.ffmpeg import Ffmpeg
from autobench_nb.sidecars.pictures import Picture
from autobench_nb.sidecars.recorder import FOLDER, Recorder
from autobench_nb.sidecars.sidecar import STILL_S, LogFunction, StreamSidecar
from autobench_nb.state.records import RecordWriter, no_such
from autobench_nb.state.store import StateStore
from autobench_nb.tables.records_view import RecordsView
from autobench_nb.tables.schema import STREAMS

FIRST_PICTURE_S: Final = 15.0
"""How long a recipe's step waits for the first picture of its recording."""


def _no_log(*_entry: Any, **_more: Any) -> None:
    """Nobody is told."""


class StreamAt(dict[str, Any]):
    """The record of one stream as it is now, with what can be asked of it."""

    def __init__(self, streams: Streams, name: str, record: Mapping[str, Any]) -> None:
        super().__init__(record)
        self._streams = streams
        self._name = name

    def start(self) -> bool:
        """Run it; whether it was not to run before. One that was given up is tried again."""
        return self._streams.sidecar(self._name).start()

    def stop(self) -> bool:
        """End it and its recording; whether it was to run before. Returns when its process has ended."""
        return self._streams.sidecar(self._name).stop()

    def restart(self) -> None:
        """End its process, where there is one, and start it anew; a recording goes on."""
        self._streams.sidecar(self._name).restart()

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """The last picture where it is young, else the next one; shown by a notebook as it is.

        Raises:
            StreamError: None has come within ``timeout_s`` (seconds); the message says why.
        """
        return self._streams.sidecar(self._name).still(timeout_s)

    def record(self, path: str | Path | None = None) -> Path:
        """Record to a Matroska file until :meth:`stop_recording`; one that is there is written over.

        Args:
            path: The file; the default is a new one, named by stream and time, in the folder ``recordings``.

        Returns:
            The file's path.

        Raises:
            StreamError: It is recorded already, is off, or its file cannot be written.
        """
        file = Path(path) if path is not None else _new_path(self._name)
        return self._streams.sidecar(self._name).record(file).path

    def stop_recording(self) -> Path | None:
        """Finish the recording; gives its file's path, ``None`` where there was none to finish."""
        recorder = self._streams.sidecar(self._name).stop_recording()
        return None if recorder is None else recorder.path


class StepRecording:
    """A recording that a recipe's step has begun."""

    def __init__(self, sidecar: StreamSidecar, recorder: Recorder) -> None:
        self._sidecar = sidecar
        self._recorder = recorder

    def stop(self) -> Mapping[str, float]:
        """End it, and return when the file is whole; gives ``pictures``, ``dropped``, ``bytes`` and ``seconds``.

        Raises:
            StreamError: Nothing usable was recorded.
        """
        self._sidecar.stop_recording()
        record = self._recorder.record()
        if record["reason"] is not None:
            raise StreamError(f"the recording to {record['path']} failed: {record['reason']}.")
        ended = record["endedAt"] or time.time() * 1e3
        return {
            "pictures": record["pictures"],
            "dropped": record["dropped"],
            "bytes": record["bytes"],
            "seconds": (ended - record["startedAt"]) / 1e3,
        }


class Streams(RecordsView, RecordWriter):
    """Streams by id: ``streams.add(Ffmpeg("cam1", "/dev/video0"))``, ``streams["cam1"].still()``.

    Args:
        store: The state whose ``streams`` slice it reads and writes.
        log: ``LogRing.append``.
        redact: Takes secrets out of sources, and of what processes say when they end.
    """

    def __init__(
        self, store: StateStore, log: LogFunction = _no_log, redact: Redact = as_it_is
    ) -> None:
        self._redact = redact
        RecordsView.__init__(self, store.get, "/streams", "stream", STREAMS)
        RecordWriter.__init__(self, store, "/streams", "stream")
        self._log = log
        self._launchers = Launchers()
        self._sidecars: dict[str, StreamSidecar] = {}
        # Reentrant: to tell the state may flush it, and a subscriber may ask for a stream in turn.
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[str, Mapping[str, Any]] = {}
        self._is_closed = False

    def add(
        self,
        name: str | Ffmpeg,
        *,
        status: str = "unknown",
        url: str | None = None,
        start: bool = True,
        **fields: Any,
    ) -> StreamAt:
        """Add a stream: one that is run here (an :class:`Ffmpeg`), or a record of one that runs elsewhere (its id).

        Args:
            name: What is to be run, or the id of the record.
            status: How it is, such as ``"live"`` or ``"frozen"``; of one that is run here this is known.
            url: Where it can be watched; ``None`` where it cannot.
            start: Whether what is run here starts now.
            fields: Further fields of its record: JSON values.

        Returns:
            The record, with what can be asked of it.

        Raises:
            StateError: There is one of this id.
            SchemaError: A value cannot stand where it was given for.
            StreamError: Nothing can be run here.
            ClosedError: The orchestrator is closed.
        """
        if not isinstance(name, Ffmpeg):
            self._add(name, {"status": status, "url": url, **fields})
            return self[name]
        if status != "unknown":
            raise OptionError("add() of what is run here", "status", ("url", "start"))
        why_not = why_no_commands()
        if why_not is not None:
            raise StreamError(f"{name.name!r} cannot be run here: {why_not}")
        with self._lock:
            self._check_open()
            sidecar = StreamSidecar(
                *(name, self._launchers, self._log, lambda: self._has_changed(name.name)),
                redact=self._redact,
            )
            first = {
                "url": url,
                "source": self._redact(name.shown_source),
                "runs": True,
                "youngS": float(name.young_s),
                "frozenS": float(name.frozen_s),
            }
            self._add(name.name, {**first, **fields, **sidecar.record_of_state()})
            self._sidecars[name.name] = sidecar
            self._begin()
        if start:
            sidecar.start()
        return self[name.name]

    def remove(self, name: str) -> None:
        """Take the stream away; what of it runs here ends first.

        Raises:
            PathError: There is none of this id.
        """
        with self._lock:
            sidecar = self._sidecars.pop(name, None)
            self._told.pop(name, None)
        if sidecar is not None:
            sidecar.stop()
        super().remove(name)
        if sidecar is not None:
            sidecar.dismiss()

    def __getitem__(self, name: str) -> StreamAt:
        return StreamAt(self, name, super().__getitem__(name))

    def sidecar(self, name: str) -> StreamSidecar:
        """What runs the stream.

        Raises:
            KeyError: There is no stream of this id.
            StreamError: It is a record alone: nothing here runs it.
            ClosedError: The orchestrator is closed.
        """
        self._check_open()
        found = self._sidecars.get(name)
        if found is None:
            if name not in self:
                raise KeyError(no_such("stream", name, self))
            raise StreamError(f"{name!r} is a record alone: add an Ffmpeg to have it run here.")
        return found

    def record(self, stream_id: str, file: Path) -> StepRecording:
        """Begin to record for a recipe's step; returns when the first picture is there.

        Raises:
            StreamError: There is no such stream, it cannot be recorded, or gives no picture.
        """
        try:
            sidecar = self.sidecar(stream_id)
        except KeyError as error:
            raise StreamError(f"{error.args[0]}.") from None
        sidecar.still(FIRST_PICTURE_S)
        return StepRecording(sidecar, sidecar.record(Path(file)))

    # --- what views and other programs ask for

    def picture(self, name: str) -> Picture | None:
        """The newest picture; ``None`` before the first. Raises as :meth:`sidecar` does."""
        return self.sidecar(name).newest

    def follow(self, name: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` with each new picture, on a thread of the stream's. Gives back the way to end it."""
        return self.sidecar(name).follow(callback)

    # --- its end

    def close(self) -> None:
        """End every process, and finish every recording. The records stay as they are then."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            sidecars = list(self._sidecars.values())
        enders = [threading.Thread(target=one.stop, daemon=True) for one in sidecars]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._launchers.close()

    def after_fork_in_child(self) -> None:
        """Threads and processes are the parent's; the records stay readable."""
        self._is_closed = True
        self._lock = threading.RLock()
        self._thread = None
        self._sidecars = {}

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedError("this orchestrator is closed: make a new one.")

    # --- telling the state

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="autobench-streams", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        timeout_s: float | None = None
        while True:
            self._wake.wait(timeout_s)
            self._wake.clear()
            is_last = self._is_closed
            now = time.monotonic()
            with self._lock:
                sidecars = dict(self._sidecars)
            due = [sidecar.tick(now) for sidecar in sidecars.values()]
            for name in sidecars:
                self._tell(name)
            if is_last:
                return
            times = [when for when in due if when is not None]
            timeout_s = max(0.0, min(times) - time.monotonic()) if times else None

    def _has_changed(self, name: str) -> None:
        self._tell(name)
        self._wake.set()  # something runs now, or runs no more

    def _tell(self, name: str) -> None:
        """Write what is new of a stream into the state, as one mutation."""
        with self._lock:
            sidecar = self._sidecars.get(name)
            if sidecar is None:
                return
            fields = sidecar.record_of_state()
            before = self._told.get(name, {})
            self._told[name] = fields
            with self._store.batch():
                for key, value in fields.items():
                    if before.get(key, ...) != value:
                        self._store.set(f"{self._place(name)}/{key}", value)


def _new_path(name: str) -> Path:
    safe = re.sub(r"[^\w.-]", "-", name).lstrip(".-") or "stream"
    return FOLDER / f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}.mkv"
