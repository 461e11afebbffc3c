"""The widgets' kernel side against a comm that keeps what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm

import autobench_nb as ab
from autobench_nb.notebook.widgets import View
from tests.leaks import nothing_is_left


class KeepingComm(BaseComm):
    """The kernel's end of a widget, whose other end is this list."""

    def __init__(self, **options: Any) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.buffers: list[list[bytes]] = []
        super().__init__(**options)

    def publish_msg(self, msg_type: str, data: Any = None, *args: Any, **rest: Any) -> None:
        self.sent.append((msg_type, dict(data or {})))
        self.buffers.append(list(rest.get("buffers") or ()))

    def ask(self, **content: Any) -> None:
        """A custom message from the page."""
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": []})


@pytest.fixture
def comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", KeepingComm)
    with nothing_is_left():
        yield


@pytest.fixture
def bench(comms: None) -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator("my rig") as made:
        yield made


def end_of(widget: View) -> KeepingComm:
    found = widget.comm
    assert isinstance(found, KeepingComm)
    return found


def customs(widget: View) -> list[dict[str, Any]]:
    """The custom messages that it has sent, those of the hub aside."""
    sent = [data["content"] for _, data in end_of(widget).sent if data.get("method") == "custom"]
    return [content for content in sent if not content["type"].startswith("hub")]
