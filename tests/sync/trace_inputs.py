"""What the traces' mirrors hear; what they make of it is recorded by make_vectors."""

from __future__ import annotations

from typing import Any

Step = tuple[float, Any]

DEVICES = {"d0": {"type": "t", "status": "ok"}, "d1": {"type": "t", "status": "ok"}}


def welcome(epoch: str = "A", version: int = 5, seq: int = 10, resumed: bool = False) -> Any:
    return {
        "type": "welcome",
        "serverTime": "2026-01-01T00:00:00.000Z",
        "protocol": 1,
        "epoch": epoch,
        "stateVersion": version,
        "nextSeq": seq,
        "resumed": resumed,
    }


def snapshot(version: int = 5, epoch: str = "A", reason: str = "connect", **slices: Any) -> Any:
    data = {"version": version, "devices": DEVICES, **slices}
    return {
        "type": "state.snapshot",
        "stateVersion": version,
        "data": data,
        "epoch": epoch,
        "reason": reason,
    }


def patch(start: int, end: int, *operations: Any) -> Any:
    version = {"op": "replace", "path": "/version", "value": end}
    return {
        "type": "state.patch",
        "fromVersion": start,
        "toVersion": end,
        "patch": [*operations, version],
    }


def status(device: str, value: str) -> Any:
    return {"op": "replace", "path": f"/devices/{device}/status", "value": value}


def entry(seq: int) -> Any:
    return {
        "seq": seq,
        "ts": 1700000000000 + seq,
        "channel": "app",
        "emoji": "📦",
        "color": "blue",
        "level": "info",
        "message": f"line {seq}",
    }


def history(first: int, end: int, *, missed: int = 0, epoch: str = "A") -> Any:
    return {
        "type": "logs.history",
        "entries": [entry(seq) for seq in range(first, end)],
        "epoch": epoch,
        "firstSeq": first,
        "nextSeq": end,
        "missed": missed,
    }


def append(first: int, end: int, *, missed: int = 0, only: tuple[int, ...] | None = None) -> Any:
    seqs = range(first, end) if only is None else only
    return {
        "type": "logs.append",
        "entries": [entry(seq) for seq in seqs],
        "firstSeq": first,
        "nextSeq": end,
        "missed": missed,
    }


def pong(version: int, seq: int, epoch: str = "A") -> Any:
    return {"type": "pong", "ts": 1, "stateVersion": version, "nextSeq": seq, "epoch": epoch}


def subscribe(**wants: Any) -> Any:
    return {"subscribe": wants}


CONNECT: list[Step] = [
    (0, "hello"),
    (0, welcome()),
    (0, snapshot()),
    (0, history(8, 10)),
    (0, {"type": "ack", "ok": True}),
]

TRACES: dict[str, list[Step]] = {
    "connect, then live": [
        *CONNECT,
        (1, patch(5, 6, status("d0", "hot"))),
        (1, append(10, 12)),
        (2, patch(6, 9, status("d1", "off"), {"op": "remove", "path": "/devices/d0"})),
        (2, pong(9, 12)),
    ],
    "a lost patch makes it stale; the missing patches make it whole": [
        *CONNECT,
        (1, patch(6, 7, status("d0", "hot"))),
        (1, patch(7, 8, status("d1", "hot"))),
        (1.5, patch(5, 8, status("d0", "hot"), status("d1", "hot"))),
        (2, patch(8, 9, status("d1", "off"))),
    ],
    "outside the window a snapshot comes, and says so": [
        *CONNECT,
        (1, patch(7, 8, status("d0", "hot"))),
        (1.5, snapshot(8, reason="too-old")),
        (2, patch(8, 9, status("d1", "off"))),
    ],
    "a question is not repeated within two seconds, and is repeated after": [
        *CONNECT,
        (1, patch(6, 7, status("d0", "hot"))),
        (2.5, patch(7, 8, status("d0", "hot"))),
        (3, patch(8, 9, status("d0", "hot"))),
        (5.1, pong(9, 10)),
    ],
    "patches that it has already are ignored": [
        *CONNECT,
        (1, patch(5, 6, status("d0", "hot"))),
        (1, patch(5, 6, status("d0", "hot"))),
        (2, patch(6, 7, status("d0", "cold"))),
        (2, patch(5, 6, status("d0", "hot"))),
    ],
    "a patch that overlaps is not guessed at": [
        *CONNECT,
        (1, patch(5, 6, status("d0", "hot"))),
        (1, patch(5, 7, status("d0", "hot"), status("d1", "hot"))),
        (2, patch(6, 7, status("d1", "hot"))),
    ],
    "a patch that cannot be applied changes nothing and asks for everything": [
        *CONNECT,
        (1, patch(5, 6, status("d0", "hot"), {"op": "remove", "path": "/devices/nothing"})),
        (1.5, snapshot(6, reason="resync")),
    ],
    "a patch that ends at another version than it says is not believed": [
        *CONNECT,
        (
            1,
            {
                "type": "state.patch",
                "fromVersion": 5,
                "toVersion": 7,
                "patch": [{"op": "replace", "path": "/version", "value": 6}],
            },
        ),
    ],
    "an older snapshot that comes late is ignored": [
        *CONNECT,
        (1, patch(5, 7, status("d0", "hot"))),
        (2, snapshot(6, reason="resync")),
    ],
    "a snapshot after an overrun replaces": [
        *CONNECT,
        (5, snapshot(40, reason="overrun", jobs={"queue": []})),
        (5, append(500, 502, missed=490)),
        (6, patch(40, 41, status("d0", "hot"))),
    ],
    "a hole in the log is asked for and filled": [
        *CONNECT,
        (1, append(12, 13)),
        (1, append(13, 15)),
        (1.5, history(10, 15)),
        (2, append(15, 16)),
    ],
    "what the server no longer holds is counted": [
        *CONNECT,
        (1, append(30, 31)),
        (1.5, history(25, 31, missed=15)),
        (2, append(31, 32)),
    ],
    "loss that the server tells is counted once": [
        *CONNECT,
        (1, append(50, 52, missed=40)),
        (1, append(50, 52, missed=40)),
        (2, append(52, 53)),
    ],
    "entries that a filter hides are no loss": [
        *CONNECT,
        (1, append(10, 20, only=(13, 17))),
        (2, append(20, 30, only=(29,))),
        (3, append(30, 900, only=())),
        (4, pong(5, 900)),
    ],
    "a batch that overlaps gives only what is new": [
        *CONNECT,
        (1, append(10, 13)),
        (1, append(11, 15)),
        (2, append(9, 12)),
    ],
    "a bounded answer is followed by the next question": [
        *CONNECT,
        (1, append(20, 22)),
        (1.5, history(10, 15)),
        (1.6, history(15, 22)),
    ],
    "older entries that were asked for do not move the position": [
        *CONNECT,
        (1, append(10, 12)),
        (2, history(2, 5, missed=1)),
    ],
    "a pong tells of a lost tail": [
        *CONNECT,
        (10, pong(7, 12)),
        (10.1, patch(5, 7, status("d0", "hot"))),
        (10.1, history(10, 12)),
        (20, pong(7, 12)),
    ],
    "a new link resumes": [
        *CONNECT,
        (1, patch(5, 6, status("d0", "hot"))),
        (2, "hello"),
        (2, welcome(version=8, seq=12, resumed=True)),
        (2, patch(6, 8, status("d0", "cold"))),
        (2, append(10, 12)),
    ],
    "a new link outside the window": [
        *CONNECT,
        (60, "hello"),
        (60, welcome(version=900, seq=700)),
        (60, snapshot(900, reason="too-old")),
        (60, history(600, 700, missed=590)),
        (61, append(700, 701)),
    ],
    "a new epoch replaces everything": [
        *CONNECT,
        (60, "hello"),
        (60, welcome(epoch="B", version=2, seq=3)),
        (60, snapshot(2, epoch="B", reason="epoch", devices={})),
        (60, history(0, 3, epoch="B")),
        (61, patch(2, 3, {"op": "add", "path": "/devices/n", "value": {"type": "t"}})),
    ],
    "nothing is applied on a link that has not told its epoch": [
        *CONNECT,
        (60, "hello"),
        (60, patch(5, 6, status("d0", "wrong"))),
        (60, append(10, 11)),
        (60.5, snapshot(6, epoch="B", reason="resync", devices={})),
        (60.5, history(0, 1, epoch="B")),
        (61, patch(6, 7, {"op": "add", "path": "/devices/n", "value": {"type": "t"}})),
    ],
    "a snapshot that was lost on the way is asked for": [
        (0, "hello"),
        (0, welcome()),
        (1, patch(5, 6, status("d0", "hot"))),
        (1, append(10, 11)),
        (1.5, snapshot(6, reason="resync")),
        (1.5, history(5, 11)),
    ],
    "other slices are waited for, and said again on the next link": [
        *CONNECT,
        (1, subscribe(slices=["devices"])),
        (1.1, patch(5, 6, status("d0", "hot"))),
        (1.2, snapshot(6, reason="resync")),
        (1.3, patch(6, 7, status("d0", "cold"))),
        (2, "hello"),
        (2, welcome(version=8, seq=10, resumed=True)),
        (2, patch(7, 8)),
    ],
    "a link that ends before the other slices have come does not resume": [
        *CONNECT,
        (1, subscribe(slices=["jobs"], logsQuery="level>=warn")),
        (2, "hello"),
        (2, welcome(version=6, seq=10)),
        (2, snapshot(6, devices={}) | {"data": {"version": 6, "jobs": {}}}),
        (2, history(10, 10)),
    ],
    "a snapshot of the slices before is not taken for one of those now": [
        *CONNECT,
        (1, subscribe(slices=["devices"])),
        (1.1, snapshot(6, reason="resync", jobs={})),
        (3.5, patch(6, 7, status("d0", "hot"))),
        (3.6, snapshot(7, reason="resync")),
    ],
    "a query goes along with every hello, and null takes it away": [
        *CONNECT,
        (1, subscribe(logsQuery="level>=warn", logsHistory=5)),
        (2, "hello"),
        (3, subscribe(logsQuery=None)),
        (4, "hello"),
    ],
    "a position that the server never had is given up": [
        *CONNECT,
        (1, patch(5, 90, status("d0", "hot"))),
        (1, append(10, 30)),
        (60, "hello"),
        (60, welcome(version=7, seq=12)),
        (60, snapshot(7, reason="resync")),
        (60, history(8, 12)),
        (61, patch(7, 8, status("d0", "cold"))),
        (61, append(12, 13)),
    ],
    "busy, error, result and bye change nothing": [
        *CONNECT,
        (1, {"type": "server.busy", "busy": True, "since": 1700000000000}),
        (1, {"type": "error", "code": "bad-field", "message": "no"}),
        (1, {"type": "result", "id": "c", "ok": True, "value": 1}),
        (1, {"type": "weather"}),
        (1, {"type": "bye", "code": 1001, "reason": "closed"}),
    ],
}
