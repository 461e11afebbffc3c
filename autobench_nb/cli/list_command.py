"""``autobench-nb list``: the orchestrators of this user that serve on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from autobench_nb.transports.connection_files import RunningServer, running_servers

ANSWER_S: Final = 1.0
"""How long a server may take to say that it is there; one that a cell holds up takes longer."""
ASKED_AT_ONCE: Final = 16
HEADS: Final = ("NAME", "URL", "STATE", "PROCESS", "SINCE", "WHERE")


def list_servers(options: argparse.Namespace) -> int:
    """Print them, one a line; with ``--json`` as JSON. Returns the exit status."""
    servers = running_servers()
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        states = list(pool.map(_state, servers))
    rows = [
        (one.name, one.url, state, str(one.pid), one.started_at, one.session)
        for one, state in zip(servers, states, strict=True)
    ]
    if options.json:
        # Without the token: what is printed ends up in files and tickets, and connect(url) finds it by itself.
        keys = [head.lower() for head in HEADS]
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
    elif rows:
        _print_table(rows)
        print('In Python, ab.connect("URL") opens one of them, without a token.', file=sys.stderr)
    else:
        print("No orchestrator of yours serves on this machine.", file=sys.stderr)
    return 0


def _state(server: RunningServer) -> str:
    try:
        # No proxy of the environment: the server is on this machine.
        with build_opener(ProxyHandler({})).open(f"{server.url}healthz", timeout=ANSWER_S):
            return "answers"
    except (URLError, OSError):
        return "busy"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    shown = [HEADS, *(tuple(_printable(cell) for cell in row) for row in rows)]
    widths = [max(len(row[at]) for row in shown) for at in range(len(HEADS) - 1)]
    for row in shown:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]))


def _printable(text: str) -> str:
    """Names are the user's own, and a terminal must not obey them."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
