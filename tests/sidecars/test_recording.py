"""Recordings of streams: whole files, files that were cut off, and who is not disturbed by them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from autobench_nb import Ffmpeg, Orchestrator
from autobench_nb.errors import CommandError, StreamError
from tests.sidecars.conftest import SMALL, until
from tests.sidecars.test_streams import frames_of, marked, processes_with


def recorded(bench: Orchestrator, pictures: int) -> None:
    until(bench, lambda: bench.streams["cam1"]["recording"]["pictures"] >= pictures)


def test_a_recording_holds_every_picture_that_came_and_viewers_go_on(
    lively: Orchestrator, tmp_path: Path
) -> None:
    stream = lively.streams["cam1"]
    seen = []
    unfollow = lively.streams.follow("cam1", lambda: seen.append(1))
    path = stream.record(tmp_path / "deep" / "whole.mkv")
    with pytest.raises(StreamError, match=r"being recorded to .*whole\.mkv"):
        stream.record(tmp_path / "other.mkv")
    recorded(lively, 20)
    assert stream.stop_recording() == path
    unfollow()
    record = until(lively, lambda: (one := lively.streams["cam1"]["recording"])["endedAt"] and one)
    assert (record["reason"], record["dropped"]) == (None, 0)
    assert frames_of(path) == record["pictures"] <= len(seen)
    assert record["bytes"] == path.stat().st_size
    assert stream.stop_recording() is None
    assert lively.streams["cam1"]["status"] == "live"


def test_a_recording_that_ends_before_its_first_picture_says_so(
    bench: Orchestrator, tmp_path: Path
) -> None:
    stream = bench.streams.add(Ffmpeg("slow", "testsrc2", size="64x64", fps=0.1, young_s=60))
    stream.still(timeout_s=60)
    stream.record(tmp_path / "none.mkv")
    stream.stop_recording()
    record = until(bench, lambda: (one := bench.streams["slow"]["recording"])["endedAt"] and one)
    assert record["pictures"] == 0
    assert record["reason"] == "no picture came while it was recorded"


def test_a_recorder_that_is_killed_leaves_a_file_that_can_be_read_and_says_so(
    lively: Orchestrator, tmp_path: Path
) -> None:
    path = lively.streams["cam1"].record(tmp_path / "killed.mkv")
    recorded(lively, 30)
    (pid,) = processes_with(str(path))
    os.kill(pid, signal.SIGKILL)
    record = until(lively, lambda: (one := lively.streams["cam1"]["recording"])["endedAt"] and one)
    assert record["reason"].startswith("killed by SIGKILL")
    assert frames_of(path) >= 5
    assert lively.streams["cam1"].record(path) == path
    recorded(lively, 1)
    assert lively.streams["cam1"].stop_recording() == path
    assert frames_of(path) >= 1


def test_a_recording_goes_on_in_the_same_file_when_the_source_is_started_again(
    bench: Orchestrator, tmp_path: Path
) -> None:
    mark = f"{os.getpid()}.7"
    stream = bench.streams.add(Ffmpeg("cam1", marked(mark), restart=SMALL["restart"]))
    stream.still()
    path = stream.record(tmp_path / "on.mkv")
    recorded(bench, 5)
    (pid,) = processes_with(mark)
    os.kill(pid, signal.SIGKILL)
    until(bench, lambda: bench.streams["cam1"]["restarts"] == 1)
    before = bench.streams["cam1"]["recording"]["pictures"]
    recorded(bench, before + 10)
    stream.stop_recording()
    assert frames_of(path) >= before + 10


def test_a_step_of_a_recipe_records_and_is_told_what_came_of_it(
    lively: Orchestrator, tmp_path: Path
) -> None:
    recording = lively.streams.record("cam1", tmp_path / "step.mkv")
    recorded(lively, 10)
    metrics = recording.stop()
    assert metrics["pictures"] == frames_of(tmp_path / "step.mkv")
    assert metrics["bytes"] == (tmp_path / "step.mkv").stat().st_size
    assert metrics["dropped"] == 0
    assert metrics["seconds"] > 0
    with pytest.raises(StreamError, match="there is no stream 'cam9'"):
        lively.streams.record("cam9", tmp_path / "x.mkv")


async def test_a_recording_is_begun_and_ended_by_command(
    lively: Orchestrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = lively._rooms.commands["stream.record"]
    begun = await command({"streamId": "cam1", "on": True})
    recorded(lively, 5)
    assert await command({"streamId": "cam1", "on": False}) == begun
    assert frames_of(tmp_path / begun["path"]) >= 5
    with pytest.raises(CommandError, match="not being recorded"):
        await command({"streamId": "cam1", "on": False})


@pytest.mark.parametrize("place", ["/proc/none/a.mkv", "file/a.mkv"])
def test_a_file_that_cannot_be_written_is_refused(
    lively: Orchestrator, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StreamError, match="cannot be written"):
        lively.streams["cam1"].record(tmp_path / place)
    assert lively.streams["cam1"]["status"] == "live"


def test_what_is_off_cannot_be_recorded(bench: Orchestrator, tmp_path: Path) -> None:
    stream = bench.streams.add(Ffmpeg("cam1", **SMALL), start=False)
    with pytest.raises(StreamError, match="off: start it"):
        stream.record(tmp_path / "a.mkv")
