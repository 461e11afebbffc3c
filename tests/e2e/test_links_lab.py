"""Links in a JupyterLab on this machine: by which one a view is live, and how one takes over from another."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Lab, saved_widget_state, wait_until
from tests.e2e.links import WATCH, holds_all, row, show, uses

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SOCKETS = "**/ws?nonce=*"
"""The orchestrator's, direct and through the proxy; JupyterLab's own have other names."""


def test_the_first_picture_comes_by_widget_message_and_the_socket_takes_over_without_a_flicker(
    lab: Lab, page: Page
) -> None:
    held_up: list[WebSocketRoute] = []
    page.route_web_socket(SOCKETS, lambda route: held_up.append(route))
    dashboard = show(lab, page, "take-over.ipynb")
    uses(dashboard, "widget messages")
    expect(dashboard.locator('[role="grid"]')).to_contain_text("tick")
    assert held_up, "the socket was tried meanwhile"
    page.evaluate(WATCH)
    page.route_web_socket(SOCKETS, lambda route: route.connect_to_server())
    row(dashboard, "direct").wait_for()
    for route in held_up:
        route.close()
    uses(dashboard, "direct")
    seen = page.evaluate("() => [...window.seen]")
    assert [one for one in seen if "ab-badge" not in one or "ab-phase-live" not in one] == []
    holds_all(page)


def test_widget_messages_take_over_when_the_socket_dies_and_give_it_back(
    lab: Lab, page: Page
) -> None:
    broken = False
    open_routes: list[WebSocketRoute] = []

    def route_one(route: WebSocketRoute) -> None:
        if broken:
            route.close()
        else:
            open_routes.append(route)
            route.connect_to_server()

    page.route_web_socket(SOCKETS, route_one)
    dashboard = show(lab, page, "dies.ipynb")
    uses(dashboard, "direct")
    broken = True
    for route in open_routes:
        route.close()
    uses(dashboard, "widget messages")
    expect(row(dashboard, "direct")).to_contain_text("failed")
    # It is asked for while it cannot come: later it may be back by itself before anybody has clicked.
    row(dashboard, "direct").get_by_role("button", name="try again").click()
    broken = False
    uses(dashboard, "direct")
    holds_all(page)


def test_a_link_is_chosen_in_the_menu_and_the_best_taken_back(lab: Lab, page: Page) -> None:
    dashboard = show(lab, page, "chosen.ipynb")
    uses(dashboard, "direct")
    expect(row(dashboard, "direct")).to_contain_text("in use")
    row(dashboard, "widget messages").get_by_role("radio").check()
    uses(dashboard, "widget messages")
    expect(row(dashboard, "widget messages")).to_contain_text("at most 50 messages a second")
    dashboard.get_by_role("button", name="take the best").click()
    uses(dashboard, "direct")
    holds_all(page)


def test_nothing_of_a_link_is_saved_with_the_notebook_nor_kept_in_the_browser(
    lab: Lab, page: Page
) -> None:
    """``Save widget state`` writes every trait of every widget into the file."""
    dashboard = show(lab, page, "saved.ipynb")
    uses(dashboard, "direct")
    token = Lab.evaluate(page, "print(bench.token)")
    port = Lab.evaluate(page, "print(bench.server.port)")
    assert len(token) >= 32
    file = lab.folder / "saved.ipynb"

    def saved() -> bool:
        Lab.execute(page, "docmanager:save")
        try:
            widgets = json.loads(file.read_text("utf-8"))["metadata"].get("widgets", {})
        except json.JSONDecodeError:  # it is being written
            return False
        return "autobench" in json.dumps(widgets) and '"view": "dashboard"' in json.dumps(widgets)

    with saved_widget_state(page):
        wait_until(saved, "the saved widget state")
    text = file.read_text("utf-8")
    assert token not in text
    assert f"127.0.0.1:{port}" not in text
    kept = page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert token not in kept
    assert f"127.0.0.1:{port}" not in kept
