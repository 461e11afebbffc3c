"""A stream's pictures through the server, as other programs' viewers read them."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator

import pytest

from autobench_nb import Ffmpeg, Orchestrator
from autobench_nb.sidecars.pictures import size_of
from tests.sidecars.conftest import until

PATH = "/api/streams/cam1"


class Viewer:
    """One connection that reads parts of ``multipart/x-mixed-replace``."""

    def __init__(self, bench: Orchestrator, path: str, token: str | None) -> None:
        port = bench.serve(thread=True).port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()

    def next_picture(self) -> bytes:
        assert self.answer.readline() == b"--autobench-picture\r\n"
        assert self.answer.readline() == b"Content-Type: image/jpeg\r\n"
        size = int(self.answer.readline().split()[1])
        assert self.answer.readline() == b"\r\n"
        picture = self.answer.read(size)
        assert self.answer.readline() == b"\r\n"
        return picture

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


View = Callable[..., Viewer]


@pytest.fixture
def view(lively: Orchestrator) -> Iterator[View]:
    viewers: list[Viewer] = []

    def begin(path: str = PATH, token: str | None = lively.token) -> Viewer:
        viewers.append(Viewer(lively, path, token))
        return viewers[-1]

    yield begin
    for viewer in viewers:
        viewer.close()


def test_every_viewer_is_sent_pictures_as_they_come(view: View) -> None:
    viewers = [view(), view()]
    for viewer in viewers:
        pictures = {viewer.next_picture() for _ in range(4)}
        assert {size_of(picture) for picture in pictures} == {(160, 90)}
        assert len(pictures) == 4


def test_a_viewer_that_does_not_read_is_sent_few_pictures_and_holds_up_nobody(
    lively: Orchestrator,
    view: View,
) -> None:
    slow, quick = view(PATH + "?rate=1"), view(PATH + "?rate=60")
    before = lively.streams["cam1"]["pictures"]
    got = 0
    while lively.streams["cam1"]["pictures"] < before + 40:
        quick.next_picture()
        got += 1
    assert got >= 20
    slow.next_picture()
    assert lively.streams["cam1"]["status"] == "live"


def test_a_still_is_one_jpeg(view: View) -> None:
    answer = view(PATH + "/still").answer
    assert answer.getheader("Content-Type") == "image/jpeg"
    assert size_of(answer.read()) == (160, 90)


@pytest.mark.parametrize("path", [PATH, PATH + "/still"])
def test_nobody_sees_a_picture_without_the_token_and_a_reader_does(
    lively: Orchestrator,
    view: View,
    path: str,
) -> None:
    assert view(path, None).answer.status == 401
    assert view(path, "guessed").answer.status == 401
    assert view(f"{path}?token={lively.token}", None).answer.status == 401
    assert view(path, lively.read_token).answer.status == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/streams/none", 404, "not-found"),
        ("/api/streams/none/still", 404, "not-found"),
        ("/api/streams/record", 409, "conflict"),
        (PATH + "?rate=0", 400, "bad-argument"),
        (PATH + "?rate=fast", 400, "bad-argument"),
        (PATH + "?rate=nan", 400, "bad-argument"),
        (PATH + "?rate=1e9", 400, "bad-argument"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_code(
    lively: Orchestrator,
    view: View,
    path: str,
    status: int,
    code: str,
) -> None:
    if "record" not in lively.streams:
        lively.streams.add("record")
    answer = view(path).answer
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (status, code)


@pytest.mark.parametrize("is_closed", [True, False])
def test_viewers_of_a_stream_that_is_taken_away_or_of_a_server_that_closes_come_to_an_end(
    is_closed: bool,
) -> None:
    with Orchestrator(connection_file=False) as bench:
        bench.streams.add(Ffmpeg("cam1", size="160x90"))
        until(bench, lambda: bench.streams["cam1"]["status"] == "live")
        viewer = Viewer(bench, PATH, bench.token)
        viewer.next_picture()
        if is_closed:
            bench.close()
        else:
            bench.streams.remove("cam1")
        with contextlib.suppress(http.client.IncompleteRead):
            viewer.answer.read()  # what was on its way, and then the end
        viewer.close()
