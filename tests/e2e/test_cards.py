"""Devices and findings in a real browser: what can be asked of them, at every width, with keys, for spectators."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from autobench_nb import Orchestrator
from autobench_nb.devices import Action, relay, watts_up
from autobench_nb.pno import Found
from autobench_nb.pno.found import device, lines, numbers
from tests.devices.simulators import MeterModel, Plug, RelayModel
from tests.e2e.axe import violations
from tests.e2e.conftest import PAGE_PATIENCE_MS, wait_until
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser


class Supply:
    """A power supply in memory that can be unplugged."""

    name, type, power = "psu0", "power supply", "watts"
    units: Mapping[str, str] = {"watts": "W"}

    def __init__(self) -> None:
        self.is_unplugged = False
        self.output = "on"
        self.watts = 60.0

    @property
    def actions(self) -> Mapping[str, Any]:
        return {
            "off": Action(self.off, "Switch it off.", lambda: {"output": "off"}),
            "draw": self.draw,
            "explode": self.explode,
        }

    def off(self) -> None:
        self.output = "off"

    def draw(self, watts: float, way: Literal["fast", "slow"] = "fast") -> str:
        "Draw so many watts."
        self.watts = watts
        return way

    def explode(self) -> None:
        raise OSError("the fuse has blown")

    def probe(self) -> dict[str, Any]:
        if self.is_unplugged:
            raise OSError("nobody is there")
        return {"watts": self.watts, "output": self.output}

    def close(self) -> None:
        pass


@pytest.fixture
def supply(bench: Orchestrator) -> Supply:
    made = Supply()
    bench.devices.add(made, every_s=0.1, critical=True, degraded_after=2, desired={"output": "on"})
    return made


def open_tab(page: Page, bench: Orchestrator, name: str) -> Locator:
    Pane.open(page, bench)
    page.get_by_role("tab", name=re.compile(name)).click()
    return page.get_by_role("tabpanel")


def test_an_action_is_asked_for_with_its_arguments_and_tells_its_fate(
    bench: Orchestrator, supply: Supply, page: Page
) -> None:
    panel = open_tab(page, bench, "Devices")
    row = panel.locator('[data-device="psu0"]')
    expect(row.locator(".ab-dev-now")).to_contain_text("60 W")
    row.get_by_role("button", name="Draw psu0").click()
    form = row.get_by_role("form", name="Arguments of draw")
    expect(form.get_by_label("watts")).to_be_focused()
    page.keyboard.type("lots")
    page.keyboard.press("Enter")
    expect(form).to_contain_text("a number")
    form.get_by_label("watts").fill("121.5")
    form.get_by_label("way").select_option(label="slow")
    form.get_by_role("button", name="Draw psu0").click()
    expect(row.locator('[data-action="draw"]')).to_contain_text("done in")
    expect(row.locator(".ab-dev-now")).to_contain_text("121.5 W")
    assert bench.devices["psu0"]["asked"][-1]["args"] == {"watts": 121.5, "way": "slow"}
    row.get_by_role("button", name="Explode psu0").click()
    expect(row.locator('[data-action="explode"]')).to_contain_text("failed: the fuse has blown")


def test_what_is_desired_is_changed_from_the_page_and_what_differs_stands_out(
    bench: Orchestrator, supply: Supply, page: Page
) -> None:
    panel = open_tab(page, bench, "Devices")
    row = panel.locator('[data-device="psu0"]')
    expect(row.locator(".ab-dev-standing")).to_contain_text(re.compile("on.*on"))
    row.get_by_role("button", name="psu0", exact=True).click()
    row.get_by_role("textbox", name="Wish for output of psu0").fill("off")
    page.keyboard.press("Enter")
    expect(row.locator(".ab-dev-standing .ab-text-warn")).to_have_text("on")
    expect(panel.locator(".ab-dev-foot")).to_contain_text("1 not as desired")
    assert bench.devices["psu0"]["desired"] == {"output": "off"}
    row.get_by_role("button", name="Take back wish for output").click()
    expect(panel.locator(".ab-dev-foot")).to_contain_text("1 well")
    wait_until(lambda: bench.devices["psu0"]["desired"] == {}, "the wish is taken back")


def test_a_critical_device_that_is_lost_says_why_nothing_starts_and_goes_on_when_it_is_back(
    bench: Orchestrator, supply: Supply, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = bench.devices.probe

    def plugged_in(name: str) -> bool:
        # Not before somebody asks: the next try by itself would take the button away.
        supply.is_unplugged = False
        return probe(name)

    monkeypatch.setattr(bench.devices, "probe", plugged_in)
    panel = open_tab(page, bench, "Devices")
    row = panel.locator('[data-device="psu0"]')
    expect(row.locator(".ab-dev-now")).to_contain_text("60 W")
    supply.is_unplugged = True
    expect(panel.locator(".ab-dev-banner")).to_contain_text("Queue paused: psu0 degraded.")
    expect(row).to_contain_text(re.compile(r"degraded, try \d+ (in|now)"))
    expect(row).to_contain_text("nobody is there")
    expect(row.locator(".ab-dev-now")).to_contain_text("was 60 W")
    expect(row.locator(".ab-spark rect")).to_have_count(1)
    panel.get_by_role("button", name="Resume anyway: the queue").click()
    expect(panel.locator(".ab-dev-banner")).to_have_count(0)
    row.get_by_role("button", name="Try now psu0").click()
    expect(row.get_by_role("button", name="Try now psu0")).to_have_count(0)
    expect(row.locator(".ab-dev-now")).to_contain_text(re.compile("^60 W"))


def test_a_relay_and_a_meter_on_serial_lines_are_operated_unplugged_and_plugged_again(
    bench: Orchestrator, page: Page, tmp_path: Path
) -> None:
    model, meter = RelayModel(), MeterModel()
    plug = Plug(tmp_path / "acm0", model.answer, "\r\n")
    watts = Plug(tmp_path / "usb0", meter.answer, ";\r\n", meter.beat)
    options: dict[str, Any] = {"every_s": 0.1, "degraded_after": 2, "backoff_max_s": 0.5}
    bench.devices.add(relay("psu", str(tmp_path / "acm*"), ports=2), **options)
    bench.devices.add(watts_up("pm0", str(tmp_path / "usb0")), **options)
    panel = open_tab(page, bench, "Devices")
    row = panel.locator('[data-device="psu"]')
    expect(row.locator(".ab-dev-standing")).to_contain_text(re.compile("port1.*off"))
    expect(panel.locator('[data-device="pm0"] .ab-dev-now')).to_contain_text("118.4 W")
    # A line protocol does not say of which kind its arguments are: what looks like a number is sent as one.
    row.get_by_role("button", name="On psu").click()
    row.get_by_label("port").fill("1")
    page.keyboard.press("Enter")
    expect(row.locator('[data-action="on"]')).to_contain_text("done in")
    expect(row.locator(".ab-dev-standing")).to_contain_text(re.compile("port1 on.*on"))
    row.get_by_role("button", name="On psu").click()
    row.get_by_label("port").fill("9")
    page.keyboard.press("Enter")
    expect(row.locator('[data-action="on"]')).to_contain_text("ERR no port 9")
    plug.unplug()
    expect(row).to_contain_text(re.compile(r"degraded, try \d+ (in|now)"))
    expect(row.locator(".ab-dev-standing")).to_contain_text(re.compile("on.*unknown"))
    plug = Plug(tmp_path / "acm1", model.answer, "\r\n")
    expect(row.locator(".ab-dev-standing")).to_contain_text(re.compile("port1 on.*on"))
    expect(row).not_to_contain_text("degraded")
    bench.devices.remove("psu")
    bench.devices.remove("pm0")
    plug.unplug()
    watts.unplug()


def test_a_spectator_sees_every_button_and_why_it_cannot_be_pressed(
    bench: Orchestrator, supply: Supply, page: Page
) -> None:
    assert bench.server is not None
    page.goto(bench.server.url)
    page.get_by_label("token", exact=False).fill(bench.read_token)
    page.keyboard.press("Enter")
    page.get_by_role("tab", name=re.compile("Devices")).click()
    button = page.get_by_role("button", name=re.compile("^Off psu0.*read-only"))
    expect(button).to_be_disabled()
    page.get_by_role("tab", name=re.compile("Findings")).click()
    expect(page.get_by_role("button", name=re.compile("^Run scan.*read-only"))).to_be_disabled()


def scanned(bench: Orchestrator) -> None:
    """A scan with a finding of each severity, and evidence of several kinds."""

    @bench.pno.check("moved")
    def moved() -> Any:
        series = [1.84, 1.85, 1.83, 1.84, 1.92]
        yield Found("slower", "warn", "gzip", [numbers({"ratio": 1.043, "p": 0.003}, series)])

    @bench.pno.check("silent")
    def silent() -> Any:
        yield Found("no answer", "error", "psu0", [lines([], "device:psu0"), device("psu0")])

    @bench.pno.check("quiet")
    def quiet() -> None:
        return None

    bench.pno.scan(["moved", "silent", "quiet"])


def test_findings_end_in_their_evidence(bench: Orchestrator, supply: Supply, page: Page) -> None:
    scanned(bench)
    panel = open_tab(page, bench, "Findings")
    expect(panel.locator(".ab-findings-head")).to_contain_text("3 checks on")
    expect(panel.locator(".ab-finding-check")).to_have_text(["silent", "moved"])
    panel.get_by_role("button", name="lines: silent psu0").click()
    expect(page.get_by_role("combobox", name="Query").first).to_have_value("device:psu0")
    panel.get_by_role("button", name="compare: moved gzip").click()
    expect(panel).to_contain_text("p 0.003")
    expect(panel.locator(".ab-strip-old")).to_have_count(4)
    panel.get_by_role("button", name="show", exact=True).click()
    expect(panel.locator(".ab-findings-quiet")).to_contain_text("quiet")
    panel.get_by_role("button", name="device: silent psu0").click()
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Devices")


def test_a_scan_is_begun_from_the_page_and_shows_how_far_it_is(
    bench: Orchestrator, page: Page
) -> None:
    go = threading.Event()

    @bench.pno.check("slow", timeout_s=120)
    def slow() -> None:
        go.wait(100)

    panel = open_tab(page, bench, "Findings")
    expect(panel).to_contain_text("No check has run yet.")
    panel.get_by_role("button", name="Run scan").click()
    expect(panel.get_by_role("progressbar")).to_be_visible()
    expect(panel.locator(".ab-findings-progress")).to_contain_text("slow")
    expect(panel.get_by_role("button", name="Run scan")).to_be_disabled()
    go.set()
    expect(panel.locator(".ab-findings-head")).to_contain_text("asked for by a viewer")
    expect(panel.get_by_role("button", name="Run scan")).to_be_enabled()


@pytest.mark.parametrize("width", [330, 700, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    bench: Orchestrator, supply: Supply, browser: Browser, width: int, scheme: Any
) -> None:
    scanned(bench)
    supply.is_unplugged = True
    wait_until(lambda: bench.devices["psu0"]["status"] == "degraded", "a degraded device")
    bench.streams.add("cam0", status="live", url="http://127.0.0.1:1/cam0")
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PAGE_PATIENCE_MS)
    page = context.new_page()
    panel = open_tab(page, bench, "Devices")
    row = panel.locator('[data-device="psu0"]')
    steps: list[Callable[[], None]] = [
        row.get_by_role("button", name="psu0", exact=True).click,
        row.get_by_role("button", name="Draw psu0").click,
    ]
    for step in steps:
        step()
    _is_well(page, panel)
    page.get_by_role("tab", name=re.compile("Findings")).click()
    panel.get_by_role("button", name="compare: moved gzip").click()
    _is_well(page, panel)
    context.close()


def _is_well(page: Page, panel: Locator) -> None:
    assert violations(page, ".ab-panel") == []
    wide = panel.evaluate(
        """(panel) => [...panel.querySelectorAll('*')]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.ab-hidden'))
            .map((one) => one.className)"""
    )
    assert wide == []
