"""``python -m tests.e2e.screenshots``: the README's pictures, taken of the real thing.

The quickstart in a real JupyterLab, in the middle of its race, light and dark; and the page, 400 px wide.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import FLAGS, ROOT, Lab, find_chromium, running_lab

IMAGES = ROOT / "docs" / "images"
DARK = "() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
SIDEBAR = "() => jupyterapp.commands.execute('application:toggle-left-area')"
TO_TOP = "() => document.querySelector('.ab-dash').scrollIntoView({ block: 'start' })"


def open_race(lab: Lab, browser: Browser, *, dark: bool) -> Page:
    """The quickstart while its third compressor runs."""
    context = browser.new_context(viewport={"width": 1180, "height": 860}, device_scale_factor=2)
    page = context.new_page()
    page.set_default_timeout(120_000)
    lab.open(page, "01-quickstart.ipynb")
    page.evaluate(SIDEBAR)
    if dark:
        page.evaluate(DARK)
    lab.begin_all(page)
    dashboard = page.locator(".ab-dash").first
    expect(dashboard).to_contain_text(re.compile("bzip2 -9: succeeded"), timeout=120_000)
    page.evaluate(TO_TOP)
    return page


def narrow(page: Page) -> None:
    """The page of the same orchestrator, 400 px wide, with a query."""
    address = Lab.evaluate(page, "print(bench.server.login_url)")
    other = page.context.new_page()
    other.set_viewport_size({"width": 400, "height": 780})
    other.goto(address)
    other.get_by_role("combobox").first.fill("level>=info /\\d+ KiB/")
    expect(other.locator('[role="grid"]')).to_contain_text("KiB")
    other.keyboard.press("Escape")
    other.wait_for_timeout(500)
    other.screenshot(path=str(IMAGES / "page-narrow.png"))


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
            page.wait_for_timeout(1_500)
            page.screenshot(path=str(IMAGES / f"{name}.png"))
            if not dark:
                narrow(page)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
