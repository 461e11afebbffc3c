"""The processes of the fairness benchmark: a server, and one client that asks for as much work as it is allowed to.

``python -m tests.benchmarks.fairness_parts server`` prints its port; ``... attack KIND PORT`` goes on until it ends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks.clients import hello, request

TOKEN = "the-token-of-this-benchmark"
ENTRIES = 5_000
QUERY_CHARS = 3_900


async def serve() -> None:
    """An orchestrator with a full log, until stdin ends."""
    import autobench_nb as ab

    bench = ab.Orchestrator(
        environ={"AUTOBENCH_TOKEN": TOKEN}, log_capacity=ENTRIES, request_sample=0.0
    )
    logger = bench.log("app")
    for number in range(ENTRIES):
        logger.info(f"run {number} gzip -9c data.log finished in {number % 97} s", temp=number)
    server = bench.serve()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    bench.close()
    await server.wait_closed()


def message(text: str) -> bytes:
    """A masked text message (RFC 6455 section 5.3; the mask is zero, which leaves the bytes as they are)."""
    data = text.encode()
    size = (
        bytes((0x80 | len(data),)) if len(data) < 126
        else struct.pack("!BH", 0xFE, len(data)) if len(data) < 65_536
        else struct.pack("!BQ", 0xFF, len(data))
    )  # fmt: skip
    return b"\x81" + size + b"\0\0\0\0" + data


def connected(port: int) -> socket.socket:
    """A client that is welcome."""
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.sendall(request(port, token=TOKEN, deflate=False) + hello())
    return one


def _filled(piece: Callable[[int], str], between: str, turn: int) -> str:
    """Pieces up to the longest query that is taken."""
    pieces: list[str] = []
    length = 0
    for number in itertools.count(turn * 7919):
        one = piece(number)
        length += len(one) + len(between)
        if length > QUERY_CHARS:
            return between.join(pieces)
        pieces.append(one)
    raise AssertionError


QUERIES: dict[str, Callable[[int], str]] = {
    "words": lambda turn: _filled(lambda n: f"z{n % 10_000}", " OR ", turn),
    "negated words": lambda turn: _filled(lambda n: f"-q{n % 10_000}", " ", turn),
    "letters": lambda turn: _filled(lambda n: "qxzjkvwy"[n % 8], " OR ", turn),
    "own fields": lambda turn: _filled(lambda n: f"fields.f{n % 1_000}>=1", " OR ", turn),
    "regexes": lambda turn: _filled(lambda n: f"/r[a-z]*{n % 1_000}\\d+s/", " OR ", turn),
    "a regex of classes": lambda turn: (
        "/" + _filled(lambda n: f"[{chr(97 + n % 25)}-z]", "", turn)[: 5 * 400] + "/i"
    ),
    "globs": lambda turn: _filled(lambda n: f"channel:*{n % 1_000}*", " OR ", turn),
}


def subscribes(kind: str) -> Iterator[str]:
    """Subscriptions with long queries, none twice, each with the past."""
    for turn in itertools.count():
        payload = {"logsQuery": QUERIES[kind](turn), "logsHistory": ENTRIES}
        yield json.dumps({"type": "subscribe", "payload": payload})


def attack_by_query(kind: str, port: int) -> None:
    """Subscribe again and again, as fast as it is taken."""
    one = connected(port)
    if os.fork() == 0:  # reads what comes, so that only the work counts
        while one.recv(1 << 20):
            pass
        os._exit(0)
    for text in subscribes(kind):
        one.sendall(message(text))


def attack_by_post(port: int) -> None:
    """Post 1,500 entries of 200 fields again and again."""
    fields = {f"f{number}": number for number in range(200)}
    line = json.dumps({"message": "m", "fields": fields}, separators=(",", ":")).encode()
    body = b"\n".join([line] * 1_500)
    head = (
        f"POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    one = socket.create_connection(("127.0.0.1", port))
    while True:
        one.sendall(head.encode() + body)
        answer = one.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 200"), answer


def main(arguments: list[str]) -> None:
    """Be one of the processes."""
    if arguments[0] == "server":
        asyncio.run(serve())
    elif arguments[1] == "post":
        attack_by_post(int(arguments[2]))
    else:
        attack_by_query(arguments[1], int(arguments[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
