"""What a run looks like as text, as lines for logs and as a picture: from records, without a run."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from rich.console import Console

from autobench_nb.cli import run_text
from autobench_nb.cli.run_faces import LiveFace, PlainFace, steps_worth_a_line
from autobench_nb.contract.steps import RecipeRunRecord, StepRecord


def step(number: int, status: str, **more: Any) -> StepRecord:
    return cast(StepRecord, {"id": f"s{number}", "number": number, "status": status, **more})


def record(*steps: StepRecord, status: str = "running", **more: Any) -> RecipeRunRecord:
    counts: dict[str, int] = {}
    for one in steps:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    found = {
        "id": "20260101-1",
        "recipe": "small",
        "status": status,
        "total": len(steps),
        "counts": counts,
        "steps": {one["id"]: one for one in steps},
        "plan": {"s": {"id": "s", "metrics": {"packed": {"unit": "byte"}}}},
        "parameters": {"size": 4},
        **more,
    }
    return cast(RecipeRunRecord, found)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"), (2e-6, "2 µs"), (0.0171, "17.1 ms"), (0.9996, "1 s"), (1.5, "1.5 s"), (59.94, "59.9 s"),
        (59.96, "1 min 0 s"), (200.4, "3 min 20 s"), (3599.6, "1 h 0 min"), (7320, "2 h 2 min"),
    ],
)  # fmt: skip
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert run_text.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2032.0, "byte", "2,032 byte"), (0.5, None, "0.5"), (1_730_000, "B", "1.73 MB"), (999.6, "B", "1 kB"),
        (5e12, "B", "5 TB"), (float("nan"), "x", "nan x"), (1e300, "x", "1e+300 x"), (float("inf"), None, "inf"),
        (-3.0, "W", "-3 W"), (0.2, "s", "200 ms"),
    ],
)  # fmt: skip
def test_quantities_carry_their_units(value: float, unit: str | None, text: str) -> None:
    assert run_text.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("status", "code"),
    [("succeeded", 0), ("failed", 1), ("cancelled", 3), ("interrupted", 3), ("timeout", 124), ("odd", 1)],
)  # fmt: skip
def test_the_exit_status_says_how_the_run_ended(status: str, code: int) -> None:
    assert run_text.exit_code(status) == code


def test_what_a_recipe_or_a_program_says_cannot_drive_the_terminal() -> None:
    bad = step(0, "failed", reason="x\x1b[2Jy\nz\r\x07")
    line = run_text.step_line(bad, {})
    assert line == r"s0: failed: x\x1b[2Jy z \x07"


def test_a_table_has_the_steps_in_the_plans_order_with_units_and_intervals() -> None:
    metric = {"mean": 2032.0, "halfWidth": 4.0, "count": 3}
    wall = {"mean": 0.5, "halfWidth": None, "count": 3}
    shown = record(
        step(1, "succeeded", metrics={"packed": metric, "wall": wall}),
        step(0, "skipped", reason="not needed"),
    )
    assert run_text.result_table(shown) == [
        ["STEP", "STATUS", "N", "WALL", "PACKED"],
        ["s0", "skipped", "", "", ""],
        ["s1", "succeeded", "3", "500 ms", "2,032.0 ± 4.0 byte"],
    ]


def plain(*shown: RecipeRunRecord, times: list[float] | None = None) -> list[str]:
    out = io.StringIO()
    moments = iter(times or [])
    face = PlainFace(
        out, clock=lambda: next(moments, 0.0), details=lambda step: [f"last of {step['id']}"]
    )
    for one in shown:
        face.show(one)
    return [line.partition("] ")[2] for line in out.getvalue().splitlines()]


def test_lines_tell_each_change_once_and_what_failed_with_its_last_lines() -> None:
    waiting = record(step(0, "waiting"), step(1, "queued"))
    begun = record(step(0, "running", tries=1), step(1, "queued"))
    again = record(step(0, "running", tries=2), step(1, "queued"))
    ended = record(step(0, "failed", tries=2, reason="exit status 1"), step(1, "skipped"))
    assert plain(waiting, begun, begun, again, ended, ended) == [
        "small: 2 steps, size=4; run 20260101-1",
        "s0: running",
        "s0: running, try 2",
        "s0: failed, try 2: exit status 1",
        "    last of s0",
        "s1: skipped",
    ]


def test_lines_say_now_and_then_that_a_long_step_goes_on() -> None:
    shown = record(step(0, "running"), step(1, "waiting"), etaS=90.0)
    lines = plain(shown, shown, shown, times=[0, 0, 0, 0, 10, 40, 41])
    assert lines[-1] == "0 of 2 steps, about 1 min 30 s left; running: s0"
    assert len(lines) == 3


def test_a_picture_of_ten_thousand_steps_has_as_many_lines_as_there_is_room() -> None:
    steps = [step(n, "succeeded", finishedAt=float(n)) for n in range(500)]
    steps += [step(500, "running"), step(501, "retrying")]
    steps += [step(n, "waiting") for n in range(502, 10_000)]
    chosen = steps_worth_a_line(record(*steps), 10)
    assert [one["number"] for one in chosen] == [*range(492, 502)]
    many = record(*(step(n, "running") for n in range(100)))
    assert len(steps_worth_a_line(many, 10)) == 10


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_picture_fits_its_terminal_and_failed_steps_stay_above_it(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=12)
    face = LiveFace(console, details=lambda step: ["[red]no markup"])
    steps = [step(n, "succeeded") for n in range(30)]
    steps.append(step(30, "failed", reason="[bold]" + "very long " * 30))
    face.show(record(*steps))
    picture = face._picture(record(*steps))
    lines = Console(width=width, height=12, file=io.StringIO()).render_lines(picture)
    assert len(lines) <= 12
    face.close()
    assert "[red]no markup" in out.getvalue()
    assert out.getvalue().count("s30: failed: [bold]very long") >= 1
    assert out.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in out.getvalue()
