"""``autobench-nb serve``: the same page and socket without Jupyter, in a real process and a real browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TOKEN = "a-token-of-the-test"
PROGRAM = [sys.executable, "-m", "autobench_nb.cli", "serve", "--port"]


@dataclass
class Standalone:
    """A running server process. ``url`` is the line that it printed."""

    url: str
    process: subprocess.Popen[str]

    def post(self, body: str, content_type: str = "text/plain") -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
        request = urllib.request.Request(f"{self.url}api/logs", body.encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def start(port: int = 0, token: str = TOKEN) -> Standalone:
    env = {**os.environ, "AUTOBENCH_TOKEN": token, "VITE_WS_RECONNECT_MIN_MS": "200"}
    process = subprocess.Popen(
        [*PROGRAM, str(port)], env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    return Standalone(process.stdout.readline().strip(), process)


@pytest.fixture
def standalone() -> Iterator[Standalone]:
    server = start()
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()
    assert server.process.stdout is not None
    server.process.stdout.close()


def sign_in(page: Page, server: Standalone) -> None:
    page.goto(server.url)
    page.get_by_label("token", exact=False).fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".ab-badge").first).to_contain_text("live")


def test_the_page_asks_for_the_token_and_then_mirrors_live(
    standalone: Standalone, page: Page
) -> None:
    sign_in(page, standalone)
    standalone.post("the first line\nthe second line")
    rows = page.locator('[role="grid"] [role="row"]')
    expect(rows.filter(has_text="the second line")).to_have_count(1)
    standalone.post(
        '[{"channel": "psu", "level": "error", "message": "too hot"}]', "application/json"
    )
    expect(rows.filter(has_text="too hot")).to_have_count(1)
    page.get_by_role("combobox").first.fill("level>=error")
    expect(rows.filter(has_text="the first line")).to_have_count(0)
    expect(rows.filter(has_text="too hot")).to_have_count(1)


def test_the_printed_link_signs_one_browser_in_and_leaves_the_address(page: Page) -> None:
    server = start(token="")
    try:
        base, _, code = server.url.partition("?code=")
        page.goto(server.url)
        expect(page.locator(".ab-badge").first).to_contain_text("live")
        assert code
        assert page.url == base
        page.reload()
        expect(page.locator(".ab-badge").first).to_contain_text("live")
        page.context.clear_cookies()
        page.goto(server.url)
        expect(page.get_by_role("alert")).to_contain_text("has been used before")
        assert server.end() == 0
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def test_after_a_reload_state_and_log_are_there_again(standalone: Standalone, page: Page) -> None:
    sign_in(page, standalone)
    standalone.post("kept by the server")
    page.reload()
    expect(page.locator(".ab-badge").first).to_contain_text("live")
    expect(page.locator('[role="grid"]')).to_contain_text("kept by the server")
    assert TOKEN not in page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )


def test_a_restarted_server_replaces_what_the_page_held(standalone: Standalone, page: Page) -> None:
    sign_in(page, standalone)
    standalone.post("of the first life")
    grid = page.locator('[role="grid"]')
    expect(grid).to_contain_text("of the first life")
    port = int(re.search(r":(\d+)/", standalone.url)[1])  # type: ignore[index]
    assert standalone.end() == 0
    expect(page.locator(".ab-badge").first).not_to_contain_text("live")
    again = start(port)
    try:
        again.post("of the second life")
        expect(grid).to_contain_text("of the second life")
        expect(grid).not_to_contain_text("of the first life")
        expect(page.locator(".ab-badge").first).to_contain_text("live")
        assert again.end() == 0
    finally:
        again.process.kill()
        again.process.wait()
        assert again.process.stdout is not None
        again.process.stdout.close()
