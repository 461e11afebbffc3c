"""``python -m tests.e2e.screenshots``: the pictures of README and docs, taken of the real thing.

The quickstart in a real JupyterLab, in the middle of its race, light and dark; its page, 400 px wide; and a log pane.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import FLAGS, ROOT, Lab, find_chromium, running_lab

IMAGES = ROOT / "docs" / "images"
LIGHT = "() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })"
DARK = "() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
SIDEBAR = "() => jupyterapp.commands.execute('application:toggle-left-area')"
SHUT_DOWN = "async () => { await jupyterapp.shell.currentWidget.sessionContext.shutdown(); }"
TO_TOP = "() => document.querySelector('.ab-dash').scrollIntoView({ block: 'start' })"


def open_race(lab: Lab, browser: Browser, *, dark: bool) -> Page:
    """The quickstart while its slowest compressor runs, of which something is known by then."""
    context = browser.new_context(viewport={"width": 1180, "height": 860}, device_scale_factor=2)
    page = context.new_page()
    page.set_default_timeout(120_000)
    lab.open(page, "01-quickstart.ipynb")
    page.evaluate(SIDEBAR)
    if dark:
        page.evaluate(DARK)
    lab.begin_all(page)
    dashboard = page.locator(".ab-dash").first
    slowest = dashboard.locator(".ab-run-is-running", has_text="xz -6")
    expect(slowest.locator(".ab-run-mean")).to_contain_text("±", timeout=120_000)
    page.evaluate(TO_TOP)
    return page


def narrow(page: Page) -> None:
    """The page of the same orchestrator, 400 px wide, with a query."""
    address = Lab.evaluate(page, "print(bench.server.login_url)")
    other = page.context.new_page()
    other.set_viewport_size({"width": 400, "height": 780})
    other.goto(address)
    other.get_by_role("combobox", name="Query").first.fill("channel:benchmark /\\d{6}/")
    expect(other.locator('[role="grid"]')).to_contain_text(re.compile(r"\d{6}"))
    other.keyboard.press("Escape")
    # The page is taller than its screen, and the query that was typed into stands below its head.
    other.evaluate("() => document.activeElement.blur()")
    other.locator(".ab-head").first.evaluate("(head) => head.scrollIntoView({ block: 'start' })")
    other.wait_for_timeout(500)
    other.screenshot(path=str(IMAGES / "page-narrow.png"))


PANE = r"""
import random, time
import autobench_nb as ab

bench = ab.Orchestrator(log_capacity=100_000)
bench.serve(thread=True)
psu, cam = bench.log("psu"), bench.log("camera", device_id="cam0")

def measure():
    for n in range(240):
        time.sleep(0.01)
        print(f"repetition {n // 12}, pass {n % 3 + 1} of 3, {random.uniform(20, 200):.1f} MiB read")
        psu.debug(f"rail {n % 4} {random.gauss(3.3, 0.01):.3f} V")
        if n % 40 == 17 or n == 236:
            psu.warn(f"rail 3 noise above {random.randint(20, 60)} mV", temp=round(random.uniform(78, 84), 1))
        if n % 90 == 60:
            cam.info("picture taken", exposure_ms=random.randint(1, 90))
    cam.error("lost sync after \x1b[31m12 retries\x1b[0m")

run = bench.run({"sweep": measure}, timeout_s=60)
await run
"""


def log_pane(lab: Lab, browser: Browser) -> None:
    """A pane that locates a query's matches, with one line opened."""
    lab.write("log-pane.ipynb", PANE, "ab.LogPane(bench, height=470)")
    context = browser.new_context(viewport={"width": 1080, "height": 700}, device_scale_factor=2)
    page = context.new_page()
    lab.open(page, "log-pane.ipynb")
    page.evaluate(SIDEBAR)
    page.evaluate(LIGHT)
    lab.run_all(page)
    pane = page.locator(".ab-log")
    pane.get_by_role("combobox").fill("level>=warn OR /pass 2/")
    pane.get_by_role("button", name="Locate").click()
    pane.get_by_role("grid").focus()
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("n")
    pane.locator(".ab-log-row", has_text="noise above").first.locator(".ab-log-fields").click()
    pane.locator(".ab-log-foot").click()
    page.evaluate("() => document.activeElement.blur()")
    page.wait_for_timeout(600)
    pane.screenshot(path=str(IMAGES / "log-pane.png"))
    context.close()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        running_lab(Path(folder), Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        path = find_chromium()
        assert path is not None, "no Chromium: see CONTRIBUTING.md"
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for name, dark in (("quickstart", False), ("quickstart-dark", True)):
            page = open_race(lab, browser, dark=dark)
            page.screenshot(path=str(IMAGES / f"{name}.png"))
            if not dark:
                narrow(page)
            # The next picture is of a kernel that has run nothing before.
            page.evaluate(SHUT_DOWN)
            page.context.close()
        log_pane(lab, browser)
        browser.close()


if __name__ == "__main__":
    main()
