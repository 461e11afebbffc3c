"""What a person logs with: one channel's logger, with a method for each level."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.logs.attribution import append_of
from autobench_nb.logs.entry import Level
from autobench_nb.logs.text import clean

_IDS = ("logger", "job_id", "step_id", "device_id")


class ChannelLogger:
    """Logs into one channel: ``log.warn("too hot", temp=81.5)``.

    Keyword arguments are the entry's ``fields``, but for ``logger``, ``job_id``, ``step_id`` and ``device_id``, which
    are its ids, and ``exc``: an exception, or ``True`` for the one being handled, whose traceback goes along. What a
    job's callable logs carries the job's id. A field may have any other name, ``message`` and ``self`` too.
    """

    __slots__ = ("_append", "_bound", "channel")

    def __init__(self, append: Callable[..., None], channel: str, /, **bound: Any) -> None:
        self._append = append
        self._bound = bound
        self.channel = channel

    def bind(self, /, **bound: Any) -> ChannelLogger:
        """A logger of the same channel that adds these ids and fields to every entry."""
        return ChannelLogger(self._append, self.channel, **{**self._bound, **bound})

    def log(self, level: Level | int | str, message: object, /, **fields: Any) -> None:
        """Log at any level. Raises :class:`ValueError` for a level that is none."""
        self._log(Level.parse(level), message, fields)

    def debug(self, message: object, /, **fields: Any) -> None:
        self._log(Level.DEBUG, message, fields)

    def info(self, message: object, /, **fields: Any) -> None:
        self._log(Level.INFO, message, fields)

    def warn(self, message: object, /, **fields: Any) -> None:
        self._log(Level.WARN, message, fields)

    def error(self, message: object, /, **fields: Any) -> None:
        self._log(Level.ERROR, message, fields)

    def fatal(self, message: object, /, **fields: Any) -> None:
        self._log(Level.FATAL, message, fields)

    def exception(self, message: object, /, **fields: Any) -> None:
        """At level error, with the traceback of the exception being handled."""
        self._log(Level.ERROR, message, {"exc": True, **fields})

    def at(
        self,
        ts: float | None,
        level: Level | int | str,
        message: str,
        *,
        channel: str | None = None,
        logger: str | None = None,
        fields: Mapping[str, Any] | None = None,
        exc: str | None = None,
    ) -> None:
        """Log what happened elsewhere or before: ``ts`` in milliseconds since 1970 (None: now)."""
        append_of(self._append)(
            channel or self.channel,
            level,
            message,
            ts=ts,
            logger=logger,
            fields=fields or None,
            exc=exc,
        )

    warning = warn
    critical = fatal

    def _log(self, level: Level, message: object, fields: dict[str, Any]) -> None:
        text = message if isinstance(message, str) else clean(message)
        if not fields and not self._bound:
            append_of(self._append)(self.channel, level, text)
            return
        given = {**self._bound, **fields}
        ids = {name: given.pop(name) for name in _IDS if given.get(name) is not None}
        exc = _traceback(given.pop("exc", None))
        append = self._append if "job_id" in ids else append_of(self._append)
        append(self.channel, level, text, fields=given or None, exc=exc, **ids)

    def __repr__(self) -> str:
        return f"ChannelLogger({self.channel!r})"


def _traceback(exc: object) -> str | None:
    if exc is True:
        exc = sys.exc_info()[1]
    if isinstance(exc, BaseException):
        return "".join(traceback.format_exception(exc)).rstrip("\n")
    return None if exc is None or exc is False else clean(exc)
