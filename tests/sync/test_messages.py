"""What parsing takes and refuses beyond the vectors; the window of commits; canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autobench_nb.contract.canonical import canonical_json, state_hash
from autobench_nb.contract.client_messages import Hello, HelloPayload
from autobench_nb.contract.codes import ERROR_CODES
from autobench_nb.contract.limits import MAX_MESSAGE_BYTES
from autobench_nb.contract.parsing import BadMessage, parse_client, parse_server
from autobench_nb.errors import ProtocolError
from autobench_nb.state.commit import Commit
from autobench_nb.sync.server.window import COMMIT_BYTES, CommitWindow

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def code_of(read: Callable[[Any], object], data: object) -> str | None:
    try:
        read(data)
    except ProtocolError as error:
        return error.code
    return None


@pytest.mark.parametrize("make", [str, str.encode], ids=["text", "bytes"])
def test_a_message_that_is_too_long_is_refused_before_it_is_read(make: type) -> None:
    long = '{"type":"ping","ts":1,"x":"' + "é" * (MAX_MESSAGE_BYTES // 2) + '"}'
    with pytest.raises(BadMessage) as raised:
        parse_client(make(long))
    assert raised.value.code == "too-large"


def test_a_lone_surrogate_is_no_json() -> None:
    with pytest.raises(BadMessage) as raised:
        parse_client('{"type":"hello","payload":{"token":"\ud800"}}')
    assert raised.value.code == "bad-json"


def test_the_token_is_not_in_the_repr() -> None:
    assert "sesame" not in repr(Hello(HelloPayload(token="sesame")))


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_comes_is_parsed_or_refused_with_a_code(data: bytes | str) -> None:
    for read in (parse_client, parse_server):
        assert code_of(read, data) in (None, *ERROR_CODES)


@settings(deadline=None)
@given(values)
def test_json_of_any_shape_is_parsed_or_refused_with_a_code(value: object) -> None:
    for kind in ("hello", "subscribe", "state.resync", "logs.replay", "ping", "command"):
        for message in ({"type": kind, "payload": value}, {"type": kind, "ts": value, "id": value}):
            code = code_of(parse_client, orjson.dumps(message))
            assert code in (None, "bad-field", "too-deep", "bad-json")


@settings(deadline=None)
@given(values)
def test_canonical_json_reads_back_as_it_was(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text, parse_int=float) == json.loads(orjson.dumps(value), parse_int=float)
    assert canonical_json(orjson.loads(text)) == text
    assert state_hash(value) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}, {1, 2}, 10**400]
)
def test_what_is_no_json_value_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"no JSON|no number"):
        canonical_json(value)


def commits(count: int, size: int = 10) -> list[Commit]:
    operation = {"op": "replace", "path": "/meta/build", "value": "x" * size}
    return [Commit.of(n * 2, n * 2 + 2, [operation]) for n in range(count)]


SIZE = len(commits(1)[0].patch) + COMMIT_BYTES


def test_the_window_forgets_the_oldest_by_count_and_by_bytes() -> None:
    for window in (CommitWindow(3, 10**9), CommitWindow(10**9, 3 * SIZE)):
        for commit in commits(10):
            assert window.add(commit)
        assert len(window) == 3
        assert [v for v in range(30) if window.reaches(v)] == [14, 16, 18, 20]
        assert window.bytes == 3 * SIZE


def test_a_window_of_nothing_reaches_only_now() -> None:
    window = CommitWindow(0, 0)
    for commit in commits(3):
        window.add(commit)
    assert [v for v in range(10) if window.reaches(v)] == [6]


def test_many_commits_are_joined_into_bounded_messages_that_follow_on_one_another() -> None:
    window = CommitWindow(1_000, 10**9)
    for commit in commits(30, size=200_000):
        window.add(commit)
    messages = [orjson.loads(m.data) for m in window.messages(0, None)]
    assert 5 <= len(messages) <= 10
    version = 0
    for message in messages:
        assert message["fromVersion"] == version
        version = message["toVersion"]
    assert version == 60
    assert sum(len(m["patch"]) for m in messages) == 30


def test_a_commit_that_does_not_follow_empties_the_window() -> None:
    window = CommitWindow(10, 10**9)
    first, _, third = commits(3)
    assert window.add(first)
    assert not window.add(third)
    assert not window.reaches(0)
    assert window.reaches(4)
