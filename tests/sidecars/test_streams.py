"""Streams with real ffmpeg processes: pictures, checks, restarts, ends."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from autobench_nb import Ffmpeg, Orchestrator
from autobench_nb.errors import (
    ClosedError,
    CommandError,
    OptionError,
    PathError,
    StateError,
    StreamError,
)
from autobench_nb.sidecars.machine import RestartPolicy
from autobench_nb.sidecars.pictures import size_of
from autobench_nb.sidecars.recorder import FREE_STEP, free_bytes
from tests.sidecars.conftest import SMALL, SOON, until


def processes_with(mark: str) -> list[int]:
    """The ffmpeg processes whose command line names ``mark``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                is_ffmpeg = (entry / "exe").readlink().name == "ffmpeg"
                if is_ffmpeg and mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def marked(mark: str) -> str:
    """A source whose processes can be told from others by ``mark``."""
    return f"testsrc2=size=160x90:rate=20,drawbox=x=0:enable='eq(0,{mark})'"


def messages(bench: Orchestrator) -> list[str]:
    return [str(text) for text in bench.logs.to_pandas()["message"]]


def test_a_live_stream_says_what_it_is(lively: Orchestrator) -> None:
    record = until(lively, lambda: (one := lively.streams["cam1"])["fps"] is not None and one)
    assert (record["source"], record["runs"], record["wanted"]) == ("testsrc2", True, True)
    assert (record["width"], record["height"]) == (160, 90)
    assert 5 < record["fps"] < 40
    assert [record["checks"][key]["ok"] for key in ("process", "young", "moving")] == [True] * 3
    assert record["frozenSince"] is None
    assert record["reason"] is None
    table = lively.streams.to_pandas()
    assert table.loc[0, "status"] == "live"
    assert str(table["last_picture_at"].dtype).startswith("datetime64")


def test_a_still_is_a_picture_that_a_notebook_shows(lively: Orchestrator, tmp_path: Path) -> None:
    still = lively.streams["cam1"].still()
    assert size_of(still._repr_jpeg_()) == (160, 90)
    assert still.save(tmp_path / "still.jpg").read_bytes() == still.jpeg
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0"]
    shown = subprocess.run([*probe, tmp_path / "still.jpg"], capture_output=True, text=True)
    assert shown.stdout.strip() == "mjpeg,160"


def test_while_pictures_come_the_state_is_told_once_a_second_and_not_with_each(
    lively: Orchestrator,
) -> None:
    before = lively.streams["cam1"]["pictures"]
    version = lively.state.version
    until(lively, lambda: lively.streams["cam1"]["pictures"] >= before + 30)
    fields = 8
    rounds = 4
    assert lively.state.version - version <= fields * rounds


async def test_views_ask_for_the_picture_that_they_do_not_have_yet(lively: Orchestrator) -> None:
    command = lively._rooms.commands["stream.picture"]
    first = command({"streamId": "cam1"})
    assert size_of(base64.b64decode(first["jpeg"])) == (160, 90)
    again = command({"streamId": "cam1", "after": first["number"] + 1_000_000})
    assert again["jpeg"] is None
    assert again["number"] >= first["number"]


@pytest.mark.parametrize(
    "name",
    ["stream.picture", "stream.restart", "stream.start", "stream.stop", "stream.record"],
)
async def test_what_is_asked_of_a_stream_that_is_not_there_is_refused(
    lively: Orchestrator, name: str
) -> None:
    async def ask() -> None:
        answer = lively._rooms.commands[name]({"streamId": "cam9"})
        await answer

    with pytest.raises(CommandError, match="there is no stream 'cam9'") as raised:
        await ask()
    assert raised.value.code == "not-found"


async def test_a_stream_is_started_and_stopped_by_command(bench: Orchestrator) -> None:
    bench.streams.add(Ffmpeg("cam1", **SMALL), start=False)
    commands = bench._rooms.commands
    assert bench.streams["cam1"]["status"] == "off"
    assert commands["stream.start"]({"streamId": "cam1"}) == {"started": True}
    assert commands["stream.start"]({"streamId": "cam1"}) == {"started": False}
    bench.streams["cam1"].still()
    assert await commands["stream.stop"]({"streamId": "cam1"}) == {"stopped": True}
    assert await commands["stream.stop"]({"streamId": "cam1"}) == {"stopped": False}
    until(bench, lambda: bench.streams["cam1"]["status"] == "off")
    checks = bench.streams["cam1"]["checks"]
    assert [checks[key]["ok"] for key in ("process", "young", "moving")] == [None] * 3


def test_a_stream_that_is_restarted_by_command_has_another_process_and_records_on(
    bench: Orchestrator, tmp_path: Path
) -> None:
    cam = bench.streams.add(Ffmpeg("cam1", **SMALL))
    cam.still()
    cam.record(tmp_path / "on.mkv")
    began = until(bench, lambda: bench.streams["cam1"]["startedAt"])
    answer = bench._rooms.commands["stream.restart"]({"streamId": "cam1"})
    assert answer == {"restarted": True}
    until(bench, lambda: (bench.streams["cam1"]["startedAt"] or began) > began)
    count = bench.streams["cam1"]["recording"]["pictures"]
    record = until(
        bench,
        lambda: (one := bench.streams["cam1"])["recording"]["pictures"] > count + 20 and one,
    )
    # It was asked for: that is neither a restart by itself, nor an end to be told.
    assert (record["restarts"], record["lastEnd"], record["recording"]["endedAt"]) == (
        0,
        None,
        None,
    )
    assert cam.stop_recording() == tmp_path / "on.mkv"


def test_the_room_on_the_disk_is_told_in_steps_and_of_the_disk_that_is_recorded_to(
    bench: Orchestrator, tmp_path: Path
) -> None:
    bench.streams.add(Ffmpeg("cam1", **SMALL))
    free = until(bench, lambda: bench.streams["cam1"]["freeBytes"])
    assert free % FREE_STEP == 0
    # A folder that is not there yet is on the disk of the nearest one that is.
    assert free_bytes(tmp_path / "not" / "there" / "yet") is not None


def test_a_frozen_picture_is_said_while_process_and_pictures_go_on(bench: Orchestrator) -> None:
    frozen = "testsrc2=size=160x90:rate=20,loop=loop=-1:size=1:start=20"
    bench.streams.add(Ffmpeg("cam1", frozen, fps=20, frozen_s=0.5))
    record = until(bench, lambda: (one := bench.streams["cam1"])["status"] == "frozen" and one)
    checks = record["checks"]
    assert [checks[key]["ok"] for key in ("process", "young", "moving")] == [True, True, False]
    assert checks["moving"]["reason"] == "the picture has been the same for more than 0.5 s"
    assert record["frozenSince"] == record["changedAt"]
    assert record["startedAt"] < record["frozenSince"] < record["lastPictureAt"]
    assert any("cam1 is frozen" in text for text in messages(bench))


def test_a_process_that_runs_without_pictures_is_silent_and_then_started_again(
    bench: Orchestrator,
) -> None:
    policy = RestartPolicy(first_s=0.05, hung_s=1.2)
    never = "testsrc2=size=160x90:rate=20,select='lt(n,5)'"
    bench.streams.add(Ffmpeg("cam1", never, fps=20, young_s=0.3, restart=policy))
    record = until(bench, lambda: (one := bench.streams["cam1"])["status"] == "silent" and one)
    checks = record["checks"]
    assert [checks[key]["ok"] for key in ("process", "young", "moving")] == [True, False, None]
    until(bench, lambda: bench.streams["cam1"]["restarts"] == 1)
    assert any("no picture came for 1.2 s" in text for text in messages(bench))


def test_a_process_that_is_killed_is_started_again_and_pictures_go_on(bench: Orchestrator) -> None:
    mark = f"{os.getpid()}.1"
    bench.streams.add(Ffmpeg("cam1", marked(mark), restart=SOON))
    first = bench.streams["cam1"].still()
    (pid,) = processes_with(mark)
    os.kill(pid, signal.SIGKILL)
    record = until(
        bench,
        lambda: (one := bench.streams["cam1"])["restarts"] == 1 and one["status"] == "live" and one,
    )
    assert record["pictures"] >= first.number
    assert processes_with(mark) not in ([], [pid])
    assert any("killed by SIGKILL" in text for text in messages(bench))
    assert "SIGKILL" in bench.streams["cam1"]["lastEnd"]["reason"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"source": "/dev/video77"}, "No such file or directory"),
        ({"source": ["-f", "lavfi", "-i", "nosuchsource"]}, "nosuchsource"),
        ({"program": "no-such-ffmpeg"}, "no-such-ffmpeg"),
    ],
)
def test_what_cannot_run_is_tried_a_few_times_and_then_given_up_with_its_reason(
    bench: Orchestrator, given: dict[str, Any], says: str
) -> None:
    policy = RestartPolicy(first_s=0.01, factor=1, tries=3)
    bench.streams.add(Ffmpeg("cam1", restart=policy, **given))
    record = until(bench, lambda: (one := bench.streams["cam1"])["status"] == "failed" and one)
    assert record["restarts"] == 2
    assert says in record["reason"]
    assert record["reason"].endswith("given up, start it again")
    with pytest.raises(StreamError, match="no young picture of 'cam1'"):
        bench.streams["cam1"].still(0.01)


def test_closing_ends_every_process_and_thread_of_every_stream() -> None:
    mark = f"{os.getpid()}.2"
    with Orchestrator(connection_file=False) as bench:
        for number in range(3):
            bench.streams.add(Ffmpeg(f"cam{number}", marked(mark)))
        for number in range(3):
            bench.streams[f"cam{number}"].still()
        assert len(processes_with(mark)) == 3
    assert processes_with(mark) == []
    assert [
        one.name for one in threading.enumerate() if one.name.startswith("autobench-stream-")
    ] in (
        [],
        ["autobench-stream-cam1"],  # of the session's own orchestrator
    )
    assert bench.streams["cam0"]["status"] == "off"
    with pytest.raises(ClosedError):
        bench.streams["cam0"].start()


def test_removing_a_stream_ends_its_process(bench: Orchestrator) -> None:
    mark = f"{os.getpid()}.3"
    bench.streams.add(Ffmpeg("cam1", marked(mark)))
    bench.streams["cam1"].still()
    bench.streams.remove("cam1")
    assert processes_with(mark) == []
    assert bench.state.get("/streams") == {}
    with pytest.raises(PathError):
        bench.streams.remove("cam1")


def test_the_end_of_a_notebook_that_is_killed_ends_ffmpeg_and_its_recording_can_be_read(
    tmp_path: Path,
) -> None:
    mark = f"{os.getpid()}.4"
    program = f"""
import sys, time
import autobench_nb as ab
bench = ab.Orchestrator(connection_file=False)
stream = bench.streams.add(ab.Ffmpeg("cam1", {marked(mark)!r}))
stream.still()
stream.record({str(tmp_path / "cut.mkv")!r})
while bench.streams["cam1"]["recording"]["pictures"] < 30:
    time.sleep(0.05)
print("recording", flush=True)
sys.stdin.read()
"""
    notebook = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert notebook.stdout is not None
        assert notebook.stdout.readline() == "recording\n"
        files = processes_with(str(tmp_path / "cut.mkv"))
        assert files
        assert processes_with(mark)
    finally:
        notebook.kill()
        notebook.communicate()
    wait_for_none(mark)
    wait_for_none(str(tmp_path / "cut.mkv"))
    assert frames_of(tmp_path / "cut.mkv") >= 5


def wait_for_none(mark: str) -> None:
    """Return when no process names ``mark`` any more; fails after a while."""
    waiting = threading.Event()
    for _ in range(400):
        if not processes_with(mark):
            return
        waiting.wait(0.05)
    raise AssertionError(f"processes are left: {processes_with(mark)}")


def frames_of(path: Path) -> int:
    """How many pictures ffprobe counts in a video file."""
    probe = "ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0"
    shown = subprocess.run([*probe.split(), path], capture_output=True, text=True, check=True)
    return int(shown.stdout.strip().rstrip(","))


# --- what is refused


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": ""}, "no name of a stream"),
        ({"name": 3}, "no name of a stream"),
        ({"source": ""}, "no source"),
        ({"source": []}, "no source"),
        ({"source": ["-i", 3]}, "no source"),
        ({"source": "a\0b"}, "NUL"),
        ({"size": "big"}, "WIDTHxHEIGHT"),
        ({"size": "0x10"}, "WIDTHxHEIGHT"),
        ({"fps": 0}, "fps=0"),
        ({"fps": float("nan")}, "fps=nan"),
        ({"quality": 1}, "quality=1"),
        ({"quality": 2.5}, "quality=2.5"),
        ({"young_s": 0}, "young_s"),
        ({"frozen_s": -1}, "young_s and frozen_s"),
    ],
)
def test_an_argument_that_is_not_possible_is_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(StreamError, match=says):
        Ffmpeg(**{"name": "cam1", **arguments})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("testsrc2", "-re -f lavfi -i testsrc2=size=320x200:rate=10"),
        ("mandelbrot", "-re -f lavfi -i mandelbrot=size=320x200:rate=10"),
        ("testsrc2=rate=5,hue=s=0", "-re -f lavfi -i testsrc2=rate=5,hue=s=0"),
        ("/dev/video0", "-f v4l2 -framerate 10 -video_size 320x200 -i /dev/video0"),
        ("rtsp://cam/1", "-i rtsp://cam/1"),
        ("/data/film.mkv", "-re -i /data/film.mkv"),
        ("film.mkv", "-re -i film.mkv"),
        ("runs/a=b.mkv", "-re -i runs/a=b.mkv"),
        (["-f", "x11grab", "-i", ":0"], "-f x11grab -i :0"),
    ],
)
def test_a_source_is_what_it_looks_like(source: Any, expected: str) -> None:
    argv = " ".join(Ffmpeg("cam1", source, size="320x200", fps=10).argv())
    assert argv.startswith(
        f"ffmpeg -hide_banner -nostats -loglevel warning -nostdin {expected} -map"
    )


def test_records_of_what_runs_elsewhere_stay_records(bench: Orchestrator) -> None:
    bench.streams.add("cam0", status="live", url="http://127.0.0.1:1/cam0")
    with pytest.raises(StreamError, match="record alone"):
        bench.streams["cam0"].still()
    with pytest.raises(StateError):
        bench.streams.add(Ffmpeg("cam0"))
    with pytest.raises(OptionError):
        bench.streams.add(Ffmpeg("cam1"), status="live")
    assert list(bench.streams) == ["cam0"]
    with pytest.raises(KeyError, match="there is no stream 'cam7'"):
        bench.streams.sidecar("cam7")
