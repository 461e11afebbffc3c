"""Long log queries of clients are read on another thread: then the loop finds them ready, and nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import orjson

from autobench_nb.contract.limits import MAX_QUERY_CHARS
from autobench_nb.errors import QueryError
from autobench_nb.logs.query.predicate import client_filter

LONG_MESSAGE: Final = 200
"""Characters from which a message with a query is looked at beforehand."""


def may_be_long(message: str | bytes) -> bool:
    """Whether it pays to look at a client's message on another thread first."""
    if len(message) < LONG_MESSAGE:
        return False
    return "logsQuery" in message if isinstance(message, str) else b"logsQuery" in message


def make_ready(message: str | bytes, is_known: Callable[[str], bool] | None) -> None:
    """Read the query of a client's message, so that reading it again costs little. What is wrong with it, others say.

    Args:
        message: ``hello`` or ``subscribe``, as it came.
        is_known: Of a client that has not proven itself yet: whether what it shows in its hello will let it in.
    """
    try:
        payload = orjson.loads(message)["payload"]
        text, token = payload["logsQuery"], payload.get("token", "")
        if len(text) <= MAX_QUERY_CHARS and (is_known is None or is_known(token)):
            client_filter(text, now=time.time())
    except (ValueError, TypeError, LookupError, AttributeError, QueryError):
        return
