"""Facets: live counts, mute, solo, All and None, all of it written into the one query line."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from autobench_nb import Orchestrator
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(bench: Orchestrator, pane: Pane) -> Pane:
    bench.log("psu").info("volt", job_id="a1", logger="dev.psu")
    bench.log("psu").warn("hot", job_id="a1")
    bench.log("cam", device_id="cam0").info("picture")
    expect(pane.rows).to_have_count(3)
    return pane


def counted(pane: Pane, section: str, value: str, count: int) -> None:
    expect(pane.facet(section, value).locator(".ab-log-facetcount")).to_have_text(str(count))


def test_facets_count_by_level_channel_logger_job_and_device_as_lines_arrive(
    lab: Pane, bench: Orchestrator
) -> None:
    for section, value, count in [
        ("Level", "warn", 1),
        ("Channel", "psu", 2),
        ("Channel", "cam", 1),
        ("Logger", "dev.psu", 1),
        ("Job", "a1", 2),
        ("Device", "cam0", 1),
    ]:
        counted(lab, section, value, count)
    bench.log("psu").warn("hotter", device_id="cam0")
    counted(lab, "Level", "warn", 2)
    counted(lab, "Channel", "psu", 3)
    counted(lab, "Device", "cam0", 2)
    bench.log("chamber").info("a channel that is new")
    counted(lab, "Channel", "chamber", 1)


def test_a_facet_counts_what_a_click_on_it_would_show(lab: Pane) -> None:
    lab.ask("level:info")
    counted(lab, "Channel", "psu", 1)
    counted(lab, "Job", "a1", 1)
    # Its own part of the query does not count for it.
    counted(lab, "Level", "warn", 1)


def test_a_click_mutes_and_the_next_one_shows_again(lab: Pane) -> None:
    psu = lab.facet("Channel", "psu")
    expect(psu).to_have_attribute("aria-pressed", "true")
    psu.click()
    expect(lab.query).to_have_value("-channel:psu")
    lab.shows("picture")
    expect(psu).to_have_attribute("aria-pressed", "false")
    psu.click()
    expect(lab.query).to_have_value("")
    lab.shows("picture", "hot", "volt")


def test_solo_shows_only_one_by_its_button_by_alt_click_and_by_double_click(lab: Pane) -> None:
    lab.facet("Channel", "psu").hover()
    lab.button("Only 🔌 psu").or_(lab.button(re.compile("Only .*psu$"))).first.click()
    expect(lab.query).to_have_value("channel:psu")
    lab.shows("hot", "volt")
    lab.facet("Channel", "cam").click(modifiers=["Alt"])
    expect(lab.query).to_have_value("channel:cam")
    lab.shows("picture")
    lab.facet("Level", "info").dblclick()
    expect(lab.query).to_have_value("channel:cam level:info")


def test_all_and_none_of_the_channels(lab: Pane, bench: Orchestrator) -> None:
    channels = lab.root.get_by_role("region", name="Channel", exact=True)
    lab.ask("level>=info")
    channels.get_by_role("button", name="None").click()
    lab.shows()
    bench.log("chamber").info("of a new channel")
    expect(lab.foot).to_contain_text("0 of 5 shown")
    channels.get_by_role("button", name="All").click()
    expect(lab.query).to_have_value("level>=info")
    lab.shows("of a new channel", "picture", "hot", "volt")


def test_after_none_a_click_shows_one_channel(lab: Pane) -> None:
    channels = lab.root.get_by_role("region", name="Channel", exact=True)
    channels.get_by_role("button", name="None").click()
    lab.shows()
    lab.facet("Channel", "cam").click()
    lab.shows("picture")


def test_a_tag_in_a_row_asks_for_the_lines_of_its_job(lab: Pane) -> None:
    lab.rows.locator(".ab-tag", has_text="a1").first.click()
    expect(lab.query).to_have_value("job:a1")
    lab.shows("hot", "volt")


def test_a_job_is_named_in_its_facet(lab: Pane, bench: Orchestrator) -> None:
    bench.run({"compress": "echo squeezed"}).wait(30)
    lab.facet("Job", "compress").click(modifiers=["Alt"])
    expect(lab.rows.filter(has_text="squeezed")).to_have_count(1)
    expect(lab.rows.filter(has_text="picture")).to_have_count(0)
