from __future__ import annotations

import threading
from collections.abc import Callable

from autobench_nb.state import StateStore, apply_in_place

THREADS = 8
ROUNDS = 300


def run_all(targets: list[Callable[[], None]]) -> None:
    errors: list[BaseException] = []

    def guarded(target: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001 - it is raised again in the test's own thread
                errors.append(error)

        return run

    threads = [threading.Thread(target=guarded(target)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_eight_threads_lose_no_version_and_a_mirror_follows_them() -> None:
    dirty = threading.Event()
    store = StateStore(
        {"devices": {f"t{number}": {"n": 0} for number in range(THREADS)}}, on_dirty=dirty.set
    )
    mirror = store.get()
    done = threading.Event()
    commits = 0

    def mutate(name: str) -> None:
        for number in range(1, ROUNDS + 1):
            store.set(f"/devices/{name}/n", number)
            with store.batch():
                store.set("/jobs/queue/-", f"{name}-{number}")
                store.merge(f"/devices/{name}", {"last": {"number": number}})
            try:
                with store.batch():
                    store.set(f"/devices/{name}/n", -1)
                    store.set(f"/streams/{name}", {})
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    def follow() -> None:
        nonlocal mirror, commits
        while True:
            last = done.is_set()
            dirty.wait(1)
            dirty.clear()
            cut = store.cut() if commits % 5 == 0 else (store.flush(), None)
            if cut is not None and cut[0] is not None:
                commit = cut[0]
                assert commit.from_version == mirror["version"]
                mirror = apply_in_place(mirror, commit.operations)
                assert mirror["version"] == commit.to_version
                commits += 1
            if last:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    run_all([lambda name=f"t{number}": mutate(name) for number in range(THREADS)])  # type: ignore[misc]
    done.set()
    dirty.set()
    follower.join(60)
    assert not follower.is_alive()
    assert store.version == THREADS * ROUNDS * 3
    assert store.flush() is None
    assert mirror == store.get()
    assert len(mirror["jobs"]["queue"]) == THREADS * ROUNDS
    assert mirror["streams"] == {}
    assert commits > 1


def test_a_wish_to_flush_is_never_lost() -> None:
    """Whenever a flush is turned away, on_dirty comes after it: so at the end all is flushed."""
    dirty = threading.Event()
    store = StateStore(on_dirty=dirty.set)
    finished = threading.Event()

    def batches() -> None:
        for number in range(2_000):
            with store.batch():
                store.set("/meta/build", str(number))
        finished.set()

    flushed = 0

    def flush() -> None:
        nonlocal flushed
        while flushed < 2_000:
            assert dirty.wait(10)
            dirty.clear()
            commit = store.flush()
            if commit is not None:
                flushed = commit.to_version

    run_all([batches, flush])
    assert finished.is_set()
    assert flushed == store.version == 2_000


def test_readers_see_whole_batches() -> None:
    store = StateStore({"devices": {"a": {"n": 0}, "b": {"n": 0}}})
    finished = threading.Event()

    def write() -> None:
        for number in range(1_000):
            with store.batch():
                store.set("/devices/a/n", number)
                store.set("/devices/b/n", number)
        finished.set()

    def read() -> None:
        while not finished.is_set():
            devices = store.get("/devices")
            assert devices["a"]["n"] == devices["b"]["n"]

    run_all([write, read, read])
