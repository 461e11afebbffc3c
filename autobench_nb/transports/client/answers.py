"""The commands that a client has sent and whose answers are still to come."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import orjson

from autobench_nb.errors import CommandError, ConnectionLost
from autobench_nb.sync.client.effects import Answered


class Answers:
    """Numbers commands, and gives each answer to whoever waits for it. Used by one thread, the link's."""

    def __init__(self) -> None:
        self._waiting: dict[str, Future[Any]] = {}
        self._number = 0

    def message(self, name: str, args: dict[str, Any], answer: Future[Any]) -> bytes:
        """The message to send for a command whose answer goes to ``answer``.

        Raises:
            TypeError: An argument is no JSON value; then nobody waits.
        """
        self._number += 1
        id = f"py-{self._number}"
        data = orjson.dumps({"type": "command", "id": id, "name": name, "args": args})
        self._waiting[id] = answer
        return data

    def settle(self, answered: Answered) -> None:
        """Give an answer to whoever waits for it, if anybody still does."""
        answer = self._waiting.pop(str(answered.id), None)
        if answer is None or not answer.set_running_or_notify_cancel():
            return
        if answered.ok:
            answer.set_result(answered.value)
        else:
            code, message = answered.code or "failed", answered.message or "It failed."
            answer.set_exception(CommandError(code, message))

    def fail(self, why: str) -> None:
        """Tell everybody who waits that no answer will come."""
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if answer.set_running_or_notify_cancel():
                answer.set_exception(ConnectionLost(why))
