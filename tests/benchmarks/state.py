"""The state's figures: a mutation to patch bytes, a batch, snapshots, and how cost grows with the state.

Ours go through the public API with lock and schema checks: ``store.set(...)``, ``store.flush()``, ``commit.patch``.
Every contestant changes another device each time, so that none lives off a warm cache. Peers serialise with orjson.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson

from autobench_nb.state import StateStore, apply_in_place, initial_state
from tests.benchmarks.harness import Benchmark, Row, clock, peer, race

_STRIDE = 7_919  # a prime: visits every device before the first one again
_US = 1e6
_MS = 1e3


def fleet(count: int) -> dict[str, Any]:
    """``count`` devices of some 145 bytes each: 10,000 are a state of 1.45 MB, 100,000 of 14.5 MB."""
    return {
        f"dev{number:06d}": {
            "type": "capture",
            "status": "ready",
            "lastSeen": "2025-01-01T00:00:00.000Z",
            "host": f"lab-{number % 50:02d}.example.org",
            "port": 9_000 + number % 1_000,
            "temperature": 20.5,
        }
        for number in range(count)
    }


class _Ours:
    def __init__(self, count: int) -> None:
        names = list(fleet(count))
        self.store = StateStore({"devices": fleet(count)})
        self._pointers = [
            f"/devices/{names[turn * _STRIDE % count]}/status" for turn in range(count)
        ]
        self._turn = 0

    def set(self) -> None:
        self._turn = turn = self._turn + 1
        self.store.set(self._pointers[turn % len(self._pointers)], f"busy {turn & 1023}")

    def one(self) -> bytes:
        self.set()
        commit = self.store.flush()
        assert commit is not None
        return commit.patch

    def hundred(self) -> bytes:
        store, pointers = self.store, self._pointers
        with store.batch():
            for _ in range(100):
                self._turn = turn = self._turn + 1
                store.set(pointers[turn % len(pointers)], f"busy {turn & 1023}")
        commit = store.flush()
        assert commit is not None
        return commit.patch

    def snapshot(self) -> bytes:
        cut = self.store.cut()
        assert cut is not None
        return cut[1].data

    def changed_snapshot(self) -> bytes:
        self.set()
        return self.snapshot()


class _Patchdiff:
    """Recording proxies that change the state in place, and give the operations."""

    def __init__(self, count: int) -> None:
        self._produce: Any = peer("patchdiff.produce", "patchdiff").produce
        self._state = {**initial_state(), "devices": fleet(count)}
        names = list(self._state["devices"])
        self._names = [names[turn * _STRIDE % count] for turn in range(count)]
        self._turn = 0

    def _change(self, count: int) -> bytes:
        names = self._names

        def recipe(draft: Any) -> None:
            devices = draft["devices"]
            for _ in range(count):
                self._turn = turn = self._turn + 1
                devices[names[turn % len(names)]]["status"] = f"busy {turn & 1023}"
            draft["version"] = self._turn

        _, operations, _ = self._produce(self._state, recipe, in_place=True)
        return orjson.dumps(
            [
                {"op": one["op"], "path": str(one["path"]), "value": one["value"]}
                for one in operations
            ]
        )

    def one(self) -> bytes:
        return self._change(1)

    def hundred(self) -> bytes:
        return self._change(100)


def _diffed(count: int) -> Callable[[], bytes]:
    """What the plan says: clone deeply, change, compare all."""
    jsonpatch: Any = peer("jsonpatch")
    state = {**initial_state(), "devices": fleet(count)}
    names = list(state["devices"])
    turns = iter(range(1, 1 << 30))

    def change() -> bytes:
        turn = next(turns)
        before = copy.deepcopy(state)
        state["devices"][names[turn * _STRIDE % count]]["status"] = f"busy {turn}"
        state["version"] = turn
        return orjson.dumps(jsonpatch.make_patch(before, state).patch)

    return change


def _mutation(quick: bool) -> list[Row]:
    count = 10_000
    ours, proxies, diffed = _Ours(count), _Patchdiff(count), _diffed(count)
    timing: dict[str, Any] = {"rounds": 2 if quick else 9, "round_s": 0.01 if quick else 0.1}
    best = race({"ours": ours.one, "patchdiff": proxies.one}, **timing)
    batch = race({"ours": ours.hundred, "patchdiff": proxies.hundred}, **timing)
    whole = race({"diff": diffed}, rounds=1 if quick else 5, round_s=0.0)["diff"]
    name = "one field of 10,000 devices, to patch bytes"
    return [
        Row(name, best["ours"] * _US, "us", "deepcopy + jsonpatch", whole * _US, 1 / 20_000),
        Row(name, best["ours"] * _US, "us", "patchdiff in place", best["patchdiff"] * _US, 1.5),
        Row(
            "100 fields in one batch, 10,000 devices",
            batch["ours"] * _US,
            "us",
            "patchdiff in place",
            batch["patchdiff"] * _US,
            1.0,
        ),
    ]


def _growth(quick: bool) -> list[Row]:
    sizes = (100, 10_000, 100_000)
    timing: dict[str, Any] = {"rounds": 2 if quick else 9, "round_s": 0.01 if quick else 0.1}
    fleets = {count: _Ours(count) for count in sizes}
    one = race({str(count): ours.one for count, ours in fleets.items()}, **timing)
    cuts = race({str(count): ours.changed_snapshot for count, ours in fleets.items()}, **timing)
    rows = [
        Row(
            f"one field to patch bytes, {count:,} devices",
            one[str(count)] * _US,
            "us",
            "ours, 100 devices",
            one["100"] * _US,
            2.0 if count == 10_000 else None,
            ""
            if count == 10_000
            else "only 32,768 pointers are remembered; with all of them remembered it is 2.4 us less",
        )
        for count in sizes[1:]
    ]
    rows += [
        Row(
            f"snapshot after one change, {count:,} devices",
            cuts[str(count)] * _MS,
            "ms",
            "ours, 100 devices",
            cuts["100"] * _MS,
            None,
            "" if count < 100_000 else "joining 14.6 MB alone takes 1.4 to 1.7 ms",
        )
        for count in sizes[1:]
    ]
    return rows


def _snapshots(quick: bool) -> list[Row]:
    count = 10_000
    ours = _Ours(count)
    state = ours.store.get()
    assert orjson.loads(ours.snapshot()) == state
    timing: dict[str, Any] = {"rounds": 2 if quick else 9, "round_s": 0.01 if quick else 0.1}
    contestants = {"same": ours.snapshot, "orjson": lambda: orjson.dumps(state)}
    same = race(contestants, **timing)
    changed = race({**contestants, "changed": ours.changed_snapshot}, **timing)
    return [
        Row(
            f"snapshot bytes, same version ({len(ours.snapshot()) / 1e6:.2f} MB)",
            same["same"] * _US,
            "us",
            "orjson.dumps",
            same["orjson"] * _US,
            1 / 1_000,
        ),
        Row(
            "snapshot bytes after one change",
            changed["changed"] * _MS,
            "ms",
            "orjson.dumps",
            changed["orjson"] * _MS,
            1 / 4,
        ),
    ]


def _large(quick: bool) -> list[Row]:
    """The longest single step of the way to a snapshot of 100,000 devices: nothing shall hold a loop for 50 ms."""
    count = 10_000 if quick else 100_000
    rounds = 1 if quick else 5
    state = {**initial_state(), "devices": fleet(count)}
    warm_s, cut_s, mirror_s, whole_s = [], [], [], []
    for _ in range(rounds):
        store = StateStore({"devices": fleet(count)})
        steps = []
        done = False
        while not done:
            begin = clock()
            done = store.warm(50)
            steps.append(clock() - begin)
        warm_s.append(max(steps))
        for number in range(100):
            store.set(f"/devices/dev{number * 97:06d}/status", "busy")
        begin = clock()
        cut = store.cut()
        cut_s.append(clock() - begin)
        assert cut is not None
        assert cut[0] is not None
        mirror = copy.deepcopy(state)
        operations = cut[0].operations
        begin = clock()
        apply_in_place(mirror, operations)
        mirror_s.append(clock() - begin)
        begin = clock()
        orjson.dumps(state)
        whole_s.append(clock() - begin)
    whole = min(whole_s) * _MS
    return [
        Row(
            f"longest step of warm(50), {count:,} devices",
            min(warm_s) * _MS,
            "ms",
            "orjson.dumps at once",
            whole,
            None,
            "the first step lists the keys of the wide map; the other steps encode 50 chunks each",
        ),
        Row(
            f"cut() when warm, 100 fields changed, {count:,} devices",
            min(cut_s) * _MS,
            "ms",
            "orjson.dumps at once",
            whole,
            None,
        ),
        Row(
            f"mirror in Python: patch of 100 fields in place, {count:,} devices",
            min(mirror_s) * _US,
            "us",
            "",
            None,
            None,
        ),
    ]


BENCHMARKS = [
    Benchmark("state-mutation", _mutation),
    Benchmark("state-growth", _growth),
    Benchmark("state-snapshots", _snapshots),
    Benchmark("state-large", _large),
]
