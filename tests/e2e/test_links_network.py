"""What stands between page and server, at its worst: pages to sign in, errors, proxies that end silence, clocks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.e2e.conftest import Lab
from tests.e2e.hosts import need
from tests.e2e.links import QUIET, holds_all, row, show, uses
from tests.e2e.links import context as context
from tests.e2e.links import warm as warm

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
SOCKETS = "**/ws?nonce=*"
HTML = "<!doctype html><title>Sign in</title><form></form>"
QUIET_PROXY = """
const Real = window.WebSocket;
window.ended = 0;
window.WebSocket = class extends Real {
    constructor(url, ...rest) {
        super(url, ...rest);
        if (!String(url).includes('/ws?nonce=')) return;
        const look = () => {
            clearTimeout(this.quiet);
            this.quiet = setTimeout(() => { window.ended++; super.close(); }, 3_000);
        };
        this.look = look;
        this.addEventListener('message', look);
        this.addEventListener('open', look);
        this.addEventListener('close', () => clearTimeout(this.quiet));
    }
    send(...given) { this.look?.(); return super.send(...given); }
};
"""
"""Ends each socket of an orchestrator after three seconds without a word, as proxies do after ten or sixty."""
SLOW_PROXY = """
const Real = window.WebSocket;
window.WebSocket = class extends Real {
    set onmessage(handler) {
        if (!this.url.includes('/ws?nonce=')) { super.onmessage = handler; return; }
        this.held ??= [];
        this.timer ??= setInterval(() => { for (const one of this.held.splice(0)) this.deliver?.(one); }, 2_000);
        this.addEventListener('close', () => clearInterval(this.timer));
        this.deliver = handler;
        super.onmessage = (event) => this.held.push(event);
    }
};
"""
"""Hands on what it is sent once in two seconds, all at once."""


def passed(page: Page, ms: int) -> None:
    """So much time has passed in the page."""
    began = page.evaluate("() => performance.now()")
    page.wait_for_function(
        "([began, ms]) => performance.now() > began + ms", arg=[began, ms], timeout=ms * 4 + 30_000
    )


@pytest.mark.parametrize("how", ["a page", "a redirect"])
def test_where_jupyter_wants_a_sign_in_the_menu_says_so_and_no_socket_is_tried(
    lab: Lab, page: Page, how: str
) -> None:
    """A hub's cookie has expired while the page was open: its proxy leads to a page to sign in."""

    def sign_in(route: Route) -> None:
        if how == "a page":
            route.fulfill(body=HTML, content_type="text/html; charset=utf-8")
        else:
            route.fulfill(status=302, headers={"location": f"{lab.url}login?next=x"})

    tried: list[str] = []
    page.route("**/server-proxy/servers-info", sign_in)
    page.on("websocket", lambda one: tried.append(one.url))
    dashboard = show(lab, page, f"sign-in-{how.split()[1]}.ipynb")
    uses(dashboard, "direct")
    expect(row(dashboard, "proxy")).to_contain_text("signed out")
    expect(row(dashboard, "proxy")).to_contain_text("reload the page and sign in")
    expect(row(dashboard, "proxy").get_by_role("radio")).to_be_disabled()
    holds_all(page)
    assert [url for url in tried if "/proxy/" in url] == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (200, "A page answers in its place"),
        (302, "A page answers in its place"),
        (502, "answered 502"),
    ],
)
def test_a_socket_that_a_proxy_answers_with_something_else_is_left_alone_and_the_menu_says_why(
    lab: Lab, page: Page, status: int, says: str
) -> None:
    need("jupyter_server_proxy")
    tried: list[WebSocketRoute] = []

    def refuse(route: WebSocketRoute) -> None:
        tried.append(route)
        route.close()

    def answer(route: Route) -> None:
        headers = {"location": f"{lab.url}login"} if status == 302 else {}
        route.fulfill(status=status, body=HTML, content_type="text/html", headers=headers)

    page.route_web_socket(SOCKETS, refuse)
    page.route("**/proxy/*/ws*", answer)
    dashboard = show(lab, page, f"answered-{status}.ipynb")
    uses(dashboard, "widget messages")
    proxy = row(dashboard, "proxy")
    expect(proxy).to_contain_text("failed", timeout=PATIENCE_MS)
    expect(proxy).to_contain_text(says, timeout=PATIENCE_MS)
    passed(page, 12_000)
    # Three of each, by two addresses of the proxy: nobody likes a console full of errors.
    assert len(tried) <= 8
    uses(dashboard, "widget messages")
    holds_all(page)


def test_a_proxy_that_ends_what_is_quiet_is_kept_from_it(lab: Lab, page: Page) -> None:
    page.add_init_script(QUIET_PROXY)
    dashboard = show(
        lab, page, "quiet.ipynb", QUIET + "\nimport threading\nstop = threading.Event()\n"
    )
    page.wait_for_function("() => window.ended >= 2", timeout=PATIENCE_MS)
    uses(dashboard, "direct")
    ended = page.evaluate("() => window.ended")
    passed(page, 15_000)
    assert page.evaluate("() => window.ended") <= ended + 1
    uses(dashboard, "direct")
    holds_all(page)


def test_a_proxy_that_holds_back_what_it_is_sent_costs_time_and_nothing_else(
    lab: Lab, page: Page
) -> None:
    page.add_init_script(SLOW_PROXY)
    dashboard = show(lab, page, "held-back.ipynb")
    uses(dashboard, "direct")
    connected = "print(len(list(bench.logs.query('channel:websocket connected'))))"
    before = Lab.evaluate(page, connected)
    passed(page, 15_000)
    uses(dashboard, "direct")
    assert Lab.evaluate(page, connected) == before
    holds_all(page)


@pytest.mark.parametrize("hours", [2, -2])
@pytest.mark.parametrize("whose", ["page", "kernel"])
def test_a_clock_that_jumps_ends_no_link_and_loses_no_line(
    lab: Lab, page: Page, hours: int, whose: str
) -> None:
    """As after a suspend, or when the time is set: heartbeats and orders do not follow it."""
    dashboard = show(lab, page, f"clock-{whose}{hours}.ipynb")
    uses(dashboard, "direct")
    connected = "print(len(list(bench.logs.query('channel:websocket connected'))))"
    before = Lab.evaluate(page, connected)
    if whose == "page":
        page.evaluate(
            "(ms) => { const now = Date.now; Date.now = () => now() + ms; }", hours * 3.6e6
        )
    else:
        Lab.evaluate(
            page,
            f"import time\nreal = time.time\ntime.time = lambda: real() + {hours} * 3600\n"
            f"real_ns = time.time_ns\ntime.time_ns = lambda: real_ns() + {hours} * 3600 * 10**9",
        )
    Lab.evaluate(page, "_ = bench.log('app').info('after the jump')")
    expect(dashboard.locator(".ab-log")).to_contain_text("after the jump")
    Lab.evaluate(page, "run = bench.run({'short': 'sleep 0.2'}); run.wait(30)")
    line = dashboard.locator(".ab-run-line").filter(has_text="short")
    expect(line).to_contain_text("done", timeout=PATIENCE_MS)
    passed(page, 12_000)
    uses(dashboard, "direct")
    assert Lab.evaluate(page, connected) == before
    holds_all(page)
