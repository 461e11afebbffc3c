"""What a command has written since its last line's end stands below the rows, until it is a line."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import Locator, expect

from autobench_nb import Orchestrator, current_job
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

PROMPT = "echo begun; printf 'Go on? [y/N] '; read answer; echo \"it said $answer\""


def unfinished(pane: Pane) -> Locator:
    return pane.root.get_by_role("group", name="Unfinished lines")


def test_an_unfinished_line_stands_below_the_rows_until_its_command_ends(
    bench: Orchestrator, pane: Pane
) -> None:
    pane.ask("channel:benchmark")
    run = bench.run({"unpack": PROMPT}, stdin=True)
    expect(unfinished(pane)).to_contain_text("Go on? [y/N]")
    pane.shows("begun")
    box, foot = unfinished(pane).bounding_box(), pane.root.locator(".ab-log-foot").bounding_box()
    assert box is not None
    assert foot is not None
    assert box["y"] + box["height"] <= foot["y"] + 1
    run.jobs[0].send("yes\n")
    pane.shows("Go on? [y/N] it said yes", "begun")
    expect(unfinished(pane)).to_have_count(0)
    assert run.wait(30)


def test_its_job_is_one_click_away_and_a_callables_words_are_no_line(
    bench: Orchestrator, pane: Pane
) -> None:
    over = threading.Event()

    def train() -> None:
        job = current_job()
        assert job is not None
        job.progress(0.5, "epoch 3")
        over.wait(60)

    run = bench.run({"train": train, "wait": "printf half; sleep 60"}, parallel=2)
    expect(unfinished(pane)).to_contain_text("half")
    expect(unfinished(pane)).not_to_contain_text("epoch 3")
    unfinished(pane).get_by_role("button", name="wait").click()
    expect(pane.query).to_have_value(f"job:{run.jobs[1].id}")
    over.set()
    run.cancel()
    assert run.wait(30)
    expect(unfinished(pane)).to_have_count(0)
