"""The bridge from the standard logging module into the ring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import get_ident
from typing import Any

from autobench_nb.errors import reason_of
from autobench_nb.logs import attribution
from autobench_nb.logs.attribution import AppendEntry
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.logs.ring.writer import EntryWriter
from autobench_nb.logs.text import clean

_BARE = logging.LogRecord("", 0, "", 0, "", (), None).__dict__
_PLAIN = len(_BARE)
_STANDARD = frozenset(_BARE) | {"message", "asctime", "taskName", attribution.TOLD}
_IDS = ("channel", "job_id", "step_id", "device_id")
_CACHED = 1_000
_FORMATTER = logging.Formatter()


class BridgeHandler(logging.Handler):
    """Carries log records into a :class:`LogRing`.

    The record's logger name is kept, ``extra`` becomes ``fields``, ``exc_info`` and ``stack_info`` become ``exc``, and
    WARNING and CRITICAL arrive as ``warn`` and ``fatal``. ``extra`` may carry ``job_id``, ``step_id`` and
    ``device_id``, which become the entry's ids, and ``channel``. ``channel`` is otherwise this handler's; it may be a
    function of the logger's name.

    A record that comes up while the same thread is formatting another one is dropped, so that what a message's own
    ``__str__`` logs cannot recurse; whatever goes wrong goes to :meth:`logging.Handler.handleError`, never to the
    caller.
    """

    def __init__(
        self,
        ring: LogRing,
        channel: str | Callable[[str], str] = "python",
        level: int = logging.NOTSET,
    ) -> None:
        super().__init__(level)
        self._ring = ring
        self._channel = channel
        self._writers: dict[str, EntryWriter] = {}
        self._formatting: set[int] = set()  # threads that are in it
        self._seen: dict[int, logging.LogRecord] | None = None
        self.on_closed: Callable[[], None] | None = None
        """Called when somebody closes the handler, such as a new configuration of logging."""

    def share_with(self, other: BridgeHandler) -> None:
        """Of a record that reaches both handlers, keep one entry."""
        if other._seen is None:
            other._seen = {}
        self._seen = other._seen

    def close(self) -> None:
        """Say that somebody has closed it; it can be attached again."""
        super().close()
        if self.on_closed is not None:
            self.on_closed()

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and emit. The ring takes entries from any thread, so there is no lock to wait for."""
        if self.filters:
            kept: Any = self.filter(record)
            if not kept:
                return False
            if isinstance(kept, logging.LogRecord):  # Python 3.12: a filter may replace the record
                record = kept
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record over."""
        formatting = self._formatting
        if formatting and get_ident() in formatting:
            return
        if self._seen is not None:
            thread = get_ident()
            if self._seen.get(thread) is record:
                return
            if len(self._seen) > _CACHED:  # threads that have ended
                self._seen.clear()
            self._seen[thread] = record
        try:
            message = record.msg
            owner = attribution.owner()
            if owner is not None and owner.target == self._ring.append:
                self._emit_rich(record, owner.append)
                setattr(record, attribution.TOLD, True)
            elif (
                not record.args
                and type(message) is str
                and len(record.__dict__) <= _PLAIN
                and not record.exc_info
                and not record.stack_info
            ):
                writer = self._writers.get(record.name) or self._writer(record.name)
                writer.at(record.created, record.levelno, message)
            else:
                self._emit_rich(record)
        except Exception:  # noqa: BLE001 - a log call must never fail its caller; the module's own hook reports it
            self.handleError(record)

    def _emit_rich(self, record: logging.LogRecord, append: AppendEntry | None = None) -> None:
        """A record with arguments, extras or a traceback: its making calls what the user wrote."""
        thread = get_ident()
        self._formatting.add(thread)
        try:
            message = _message(record)
            writer = self._writers.get(record.name) or self._writer(record.name)
            if append or len(record.__dict__) > _PLAIN or record.exc_info or record.stack_info:
                self._append_rich(record, message, writer, append)
            else:
                writer.at(record.created, record.levelno, message)
        finally:
            self._formatting.discard(thread)

    def _writer(self, name: str) -> EntryWriter:
        channel = self._channel
        writer = self._ring.writer(channel(name) if callable(channel) else channel, logger=name)
        if len(self._writers) < _CACHED:  # names made up at run time must not pile up
            self._writers[name] = writer
        return writer

    def _append_rich(
        self,
        record: logging.LogRecord,
        message: str,
        writer: EntryWriter,
        append: AppendEntry | None,
    ) -> None:
        extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        parts: list[str] = []
        if record.exc_info:
            parts.append(self._traceback(record))
        if record.stack_info:
            parts.append(record.stack_info)
        exc = "\n".join(parts) or None
        ts = record.created * 1e3
        ids = {key: extra.pop(key) for key in _IDS if key in extra}
        if append is not None and "job_id" in ids:
            append = None  # it says itself whose it is
        if append is not None or ids:
            channel = ids.pop("channel", None) or writer.channel
            (append or self._ring.append)(
                channel,
                Level.parse(record.levelno),
                message,
                ts,
                logger=record.name,
                fields=extra or None,
                exc=exc,
                **ids,
            )
        else:
            writer.append(record.levelno, message, ts, extra or None, exc)

    def _traceback(self, record: logging.LogRecord) -> str:
        if not record.exc_text:
            assert record.exc_info
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        return record.exc_text


def _message(record: logging.LogRecord) -> str:
    """The record's message; where its arguments do not fit, what it was to be, for the line must not be lost."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - the arguments' own __str__ may raise anything
        what = reason_of(error)
        return f"{clean(record.msg)} [not formatted with {_shown(record.args)}: {what}]"


def _shown(arguments: object) -> str:
    try:
        return repr(arguments)
    except Exception as error:  # noqa: BLE001 - as above
        return f"arguments that cannot be shown ({type(error).__name__})"
