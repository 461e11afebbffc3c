"""``autobench-nb serve``: the same page and socket without Jupyter, in a real process and a real browser."""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.conftest import FLAGS, find_chromium

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
    page.get_by_role("combobox", name="Query").first.fill("level>=error")
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
        page.goto(server.url)  # what was kept lets it in, though the link is used up
        expect(page.locator(".ab-badge").first).to_contain_text("live")
        page.evaluate("() => localStorage.clear()")
        page.goto(server.url)
        expect(page.get_by_role("alert")).to_contain_text("has been used before")
        assert server.end() == 0
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


class Neighbour(http.server.BaseHTTPRequestHandler):
    """Another program that listens on this host: it notes what browsers tell it."""

    told: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.told.append(f"{self.path}\n{self.headers}")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>neighbour</title>")

    def log_message(self, *_: object) -> None:
        pass


def test_another_program_of_the_host_learns_nothing_of_what_the_page_keeps(
    standalone: Standalone, page: Page
) -> None:
    sign_in(page, standalone)
    kept = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    key = re.search(r"page\.[\w.-]+", page.evaluate(kept))
    assert key is not None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Neighbour) as neighbour:
        threading.Thread(target=neighbour.serve_forever, daemon=True).start()
        try:
            page.goto(f"http://127.0.0.1:{neighbour.server_port}/")
            assert page.title() == "neighbour"
            seen = [*Neighbour.told, page.evaluate(kept)]
        finally:
            neighbour.shutdown()
    assert not any(secret in text for text in seen for secret in (TOKEN, key[0], "ookie:"))
    # Back at home it is signed in, in a new tab too.
    with page.context.new_page() as tab:
        tab.goto(standalone.url)
        expect(tab.locator(".ab-badge").first).to_contain_text("live")


def test_a_token_in_the_address_is_not_taken_and_no_history_shows_it(
    standalone: Standalone, playwright: Playwright, tmp_path: Path
) -> None:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium")
    profile = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=path, args=list(FLAGS)
    )
    try:
        page = profile.pages[0]
        page.goto(f"{standalone.url}?access={TOKEN}")
        expect(page.get_by_role("alert")).to_contain_text("was not taken")
        assert page.url == standalone.url
        page.get_by_label("token", exact=False).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator(".ab-badge").first).to_contain_text("live")
    finally:
        profile.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "Default" / "History")) as history:
        # What is hidden is neither listed nor offered again; that it is noted at all no server can prevent.
        visited = [url for (url,) in history.execute("SELECT url FROM urls WHERE hidden = 0")]
    assert standalone.url in visited  # it is written to
    assert not any(TOKEN in url for url in visited)


def test_a_page_whose_key_counts_no_more_asks_again(standalone: Standalone, page: Page) -> None:
    sign_in(page, standalone)
    port = int(re.search(r":(\d+)/", standalone.url)[1])  # type: ignore[index]
    assert standalone.end() == 0
    again = start(port, token="another-token-of-the-test")
    try:
        expect(page.get_by_role("alert")).to_contain_text("does not know this page any more")
        page.get_by_label("token", exact=False).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not the access token")
        page.get_by_label("token", exact=False).fill("another-token-of-the-test")
        page.keyboard.press("Enter")
        expect(page.locator(".ab-badge").first).to_contain_text("live")
        assert again.end() == 0
    finally:
        again.process.kill()
        again.process.wait()
        assert again.process.stdout is not None
        again.process.stdout.close()


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
