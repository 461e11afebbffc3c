from __future__ import annotations

import logging

import pytest

from autobench_nb.state import Commit, StateStore


def test_a_subscriber_gets_each_commit(store: StateStore) -> None:
    seen: list[Commit] = []
    store.subscribe(seen.append)
    store.set("/devices/cap0/status", "busy")
    assert seen == []
    commit = store.flush()
    assert seen == [commit]
    store.flush()
    assert len(seen) == 1
    store.set("/devices/cap0/status", "ready")
    cut = store.cut()
    assert cut is not None
    assert seen[1:] == [cut[0]]


@pytest.mark.parametrize(
    ("pointer", "paths"),
    [
        ("/devices", ["/devices/cap0/status", "/devices/new"]),
        ("/devices/cap0", ["/devices/cap0/status"]),
        ("/devices/cap0/status", ["/devices/cap0/status"]),
        ("/devices/new/deeper", ["/devices/new"]),
        ("/devices/ca", []),
        ("/streams", []),
    ],
)
def test_a_subscriber_gets_what_is_at_below_or_above_its_pointer(
    store: StateStore, pointer: str, paths: list[str]
) -> None:
    seen: list[Commit] = []
    store.subscribe(seen.append, pointer)
    store.set("/devices/cap0/status", "busy")
    store.set("/devices/new", {})
    store.flush()
    assert [one["path"] for commit in seen for one in commit.operations] == paths
    assert all(commit.to_version == store.version for commit in seen)


def test_a_subscriber_that_left_gets_nothing(store: StateStore) -> None:
    seen: list[Commit] = []
    stay = store.subscribe(seen.append)
    leave = store.subscribe(seen.append)
    leave()
    leave()
    store.set("/meta/build", "2")
    store.flush()
    assert len(seen) == 1
    stay()


def test_a_subscriber_may_mutate(store: StateStore) -> None:
    def follow(commit: Commit) -> None:
        store.set("/streams/s", {"status": f"after {commit.to_version}"})

    store.subscribe(follow, "/devices")
    store.set("/devices/cap0/status", "busy")
    first = store.flush()
    assert first is not None
    second = store.flush()
    assert second is not None
    assert second.from_version == first.to_version


def test_a_subscriber_that_fails_is_logged_and_keeps_nobody_else_from_the_commit(
    store: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Commit] = []

    def fail(commit: Commit) -> None:
        raise ZeroDivisionError

    store.subscribe(fail)
    store.subscribe(seen.append)
    store.set("/devices/cap0/status", "busy")
    with caplog.at_level(logging.ERROR):
        commit = store.flush()
    assert seen == [commit]
    assert "A subscriber to the state failed" in caplog.text
