"""What the browser tests of the log pane share: a served bench, an open pane, and what both say."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from autobench_nb import Orchestrator

Serve = Callable[..., Orchestrator]
OPENED = re.compile(r"Client \d+ connected")
UNMUTED = """{
    const key = 'autobench-nb/page/log';
    if (localStorage.getItem(key) === null) localStorage.setItem(key, '{"v": 1, "plumbing": true}');
}"""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Makes benches that serve from a thread; requests are not logged, so that a log is what its test wrote."""
    made: list[Orchestrator] = []

    def make(**settings: Any) -> Orchestrator:
        given = {"request_sample": 0.0, "ws_reconnect_min_ms": 100, "name": "the pane's bench"}
        made.append(Orchestrator(environ={}, **{**given, **settings}))
        made[-1].serve(thread=True)
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(serve: Serve) -> Orchestrator:
    return serve()


@pytest.fixture
def pane(bench: Orchestrator, page: Page) -> Pane:
    """The log of ``bench`` in a page of its own, live."""
    return Pane.open(page, bench)


class Pane:
    """One pane in a page. Rows stand as the user sees them: newest first, unless a test turns that round."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page = page
        self.root = root
        self.query = root.get_by_role("combobox", name="Query")
        self.grid = root.get_by_role("grid")
        self.rows = root.locator(".ab-log-row:not(:has([title$=websocket]))")
        self.gaps = root.locator(".ab-log-gap")
        self.count = root.locator(".ab-log-count")
        self.foot = root.locator(".ab-log-foot")
        self.detail = root.locator(".ab-log-detail")
        self.menu = root.get_by_role("dialog", name="Pane options")

    @classmethod
    def open(cls, page: Page, bench: Orchestrator, *, plumbing: bool = True) -> Pane:
        """Sign in at ``bench`` and wait until the page is live and says that it is connected.

        With ``plumbing`` as one who has unmuted it once: every line that there is counts.
        """
        assert bench.server is not None
        if plumbing:
            page.add_init_script(UNMUTED)
        page.goto(bench.server.login_url)
        pane = cls(page, page.locator(".ab-log"))
        expect(page.locator(".ab-badge")).to_contain_text("live")
        return pane

    def ask(self, query: str) -> None:
        self.query.fill(query)

    def press(self, *keys: str) -> None:
        """Press keys as one whose focus is on the rows."""
        self.grid.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, *messages: str) -> None:
        """Exactly these lines, from the top; the lines about connections aside."""
        expect(self.rows.locator(".ab-log-message")).to_have_text(
            list(messages), use_inner_text=True
        )

    def row(self, message: str | re.Pattern[str]) -> Locator:
        """The one row with this text in its message."""
        return self.rows.filter(has=self.page.locator(".ab-log-message", has_text=message))

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.root.get_by_role("button", name=name, exact=isinstance(name, str))

    def open_menu(self) -> Locator:
        self.button("More").click()
        expect(self.menu).to_be_visible()
        return self.menu

    def facet(self, section: str, value: str) -> Locator:
        """The button of one value in the facets, which says its count."""
        return (
            self.root.get_by_role("region", name=section, exact=True)
            .locator(".ab-log-facetname")
            .filter(has_text=value)
        )

    def settled(self) -> None:
        """Two pictures have been drawn since: what was to be drawn is."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


def post(bench: Orchestrator, entries: Sequence[dict[str, Any]]) -> None:
    """Log ``entries`` as another program does: over HTTP, with times of its own."""
    assert bench.server is not None
    request = urllib.request.Request(
        f"{bench.server.url}api/logs",
        json.dumps(list(entries)).encode(),
        {"Authorization": f"Bearer {bench.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def allow_clipboard(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def clipboard(page: Page) -> str:
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text
