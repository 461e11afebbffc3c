"""The site is built without a warning, leads everywhere it says, needs no other server, and serves everybody's eyes.

Among the browser's tests, so that it is built once for those that read its files and those that look at it.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

import autobench_nb
from tests.e2e.axe import violations
from tests.site import ROOT, build, loaded_from_elsewhere


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="sphinx builds the site: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site") / "html"
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class _Links(HTMLParser):
    """The ids of a page and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if name := values.get("id"):
            self.ids.add(name)
        target = values.get("href") if tag in ("a", "link") else values.get("src")
        if target:
            self.targets.append(target)


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    pages = {file: _Links(file.read_text("utf-8")) for file in site.rglob("*.html")}
    wrong = []
    for file, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            other = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            ids = pages[other].ids if other in pages else {parts.fragment}
            if not other.exists() or (parts.fragment and parts.fragment not in ids):
                wrong.append(f"{file.name}: {target}")
    assert wrong == []
    assert sum(len(page.targets) for page in pages.values()) > 500


def test_nothing_on_the_site_comes_from_elsewhere(site: Path) -> None:
    assert loaded_from_elsewhere(site) == []


def test_every_page_of_the_documentation_can_be_reached_from_the_first_one(site: Path) -> None:
    first = _Links((site / "index.html").read_text("utf-8"))
    led_to = {urlsplit(target).path for target in first.targets}
    pages = {file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")}
    missing = {str(page.with_suffix(".html")) for page in pages} - led_to - {"index.html"}
    assert missing == set()


def test_search_works_without_a_server(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    # A page that is opened from a disk may load a script, and may not fetch a file.
    assert index.startswith("Search.setIndex(")
    assert re.search(r'"histogram"|histogram', index)


def test_every_public_name_stands_in_the_reference(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text("utf-8")
    missing = [name for name in autobench_nb.__all__ if f'id="autobench_nb.{name}"' not in text]
    assert missing == []


LOOKED_AT = (
    "index",
    "start",
    "tutorials/compare-programs",
    "howto/job-hangs",
    "notebooks/quickstart",
    "reference/command-line",
    "reference/recipe",
)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_for_everybody_and_nothing_is_cut_off_at_400_px(
    site: Path, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 400, "height": 800})
    page = context.new_page()
    for name in LOOKED_AT:
        page.goto((site / f"{name}.html").as_uri())
        assert violations(page) == [], name
        width = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, name
    context.close()


@pytest.mark.browser
def test_a_search_in_a_page_that_was_opened_from_a_disk_finds_something(
    site: Path, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto((site / "search.html").as_uri() + "?q=histogram")
    found = page.locator("#search-results li a").filter(has_text="The log pane")
    found.first.click()
    assert page.url.startswith((site / "log-pane.html").as_uri())
    page.close()


def test_notebooks_are_shown_with_the_outputs_that_are_saved_in_them(site: Path) -> None:
    for name, shown in (("quickstart", "zlib 6 (Python)"), ("laboratory", "filmed:")):
        text = (site / "notebooks" / f"{name}.html").read_text("utf-8")
        assert shown in text
        assert "<!-- notebook" not in text
        assert 'class="highlight-text' in text, "no output"
