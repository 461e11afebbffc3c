"""Made ``vectors/recorded-protocol-1.json``, once, with version 0.1.0: ``python -m tests.sync.record_traffic FILE``.

The file is what a client of that version said and heard. It stays as it is: a test says it again to the present server.
Record a new one, under another name, when the protocol's number is raised.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autobench_nb import __version__
from autobench_nb.contract.limits import PROTOCOL
from autobench_nb.logs.entry import Level
from tests.sync.harness import TOKEN, Link, Server

SETTINGS: dict[str, Any] = {"log_capacity": 50, "client_logs_snapshot": 20}
STEPS: tuple[dict[str, Any], ...] = (
    {"do": "log", "message": "before anybody came"},
    {"say": {"type": "hello", "payload": {"capabilities": ["json-patch", "resume"], "token": TOKEN}}},
    {"say": {"type": "subscribe", "payload": {"includeSnapshot": True, "logsHistory": 10}}},
    {"do": "set", "pointer": "/devices/psu", "value": {"type": "psu", "status": "ok"}},
    {"do": "log", "message": "warm", "level": "WARN"},
    {"say": {"type": "ping", "ts": 1_700_000_100_000}},
    {"say": {"type": "logs.replay", "sinceSeq": 0, "limit": 5}},
    {"say": {"type": "state.resync"}},
    {"say": {"type": "subscribe", "payload": {"slices": ["devices"], "logsQuery": "level>=warn"}}},
    {"do": "set", "pointer": "/devices/psu/status", "value": "lost"},
    {"do": "log", "message": "nobody asked for this"},
    {"do": "log", "message": "hot", "level": "ERROR"},
    {"say": {"type": "subscribe", "payload": {"logsQuery": "level:loud"}}},
    {"say": {"type": "state.resync", "epoch": "another-life", "sinceVersion": 4}},
    {"say": {"type": "a.word.of.tomorrow"}},
    {"say": {"type": "ping", "ts": 1_700_000_200_000}},
)  # fmt: skip
"""What is said by the client, and done to the server, in this order."""


def play(
    steps: Iterator[dict[str, Any]] | tuple[dict[str, Any], ...],
) -> list[list[dict[str, Any]]]:
    """What the present server answers, step by step, to one client that is not authenticated yet."""
    server = Server(**SETTINGS)
    link = server.connect(authenticated=False)
    return [_after(server, link, step) for step in steps]


def _after(server: Server, link: Link, step: dict[str, Any]) -> list[dict[str, Any]]:
    match step:
        case {"say": message}:
            server.say(link, message)
        case {"do": "log", "message": text, **rest}:
            server.log(text, level=Level[rest.get("level", "INFO")])
        case {"do": "set", "pointer": pointer, "value": value}:
            server.store.set(pointer, value)
        case _:
            raise ValueError(f"no such step: {step}")
    server.settle()
    return link.take()


def main() -> int:
    recorded = [{**step, "heard": heard} for step, heard in zip(STEPS, play(STEPS), strict=True)]
    about = f"What a client of version {__version__} said and heard. Never changed: see docs/stability.md."
    text = json.dumps({"about": about, "protocol": PROTOCOL, "steps": recorded}, indent=1)
    Path(sys.argv[1]).write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
