"""A page that has only a widget's model: no Jupyter server around it, no theme, no sockets (as VS Code and Colab)."""

from __future__ import annotations

import base64
import json
import queue
from pathlib import Path
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from playwright.sync_api import Page, Route, expect

from autobench_nb import Orchestrator
from autobench_nb.notebook.bundle import static_file
from autobench_nb.notebook.widgets import View
from tests.e2e.pane import Serve

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
ADDRESS = "https://notebooks.example/"


class BridgedComm(BaseComm):
    """The kernel's end of a widget, whose messages wait for the page to fetch them."""

    def __init__(self, **options: Any) -> None:
        self.said: queue.SimpleQueue[tuple[Any, list[str]]] = queue.SimpleQueue()
        super().__init__(**options)

    def publish_msg(self, msg_type: str, data: Any = None, *args: Any, **rest: Any) -> None:
        if data and data.get("method") == "custom":
            buffers = [base64.b64encode(one).decode() for one in rest.get("buffers") or ()]
            self.said.put((data["content"], buffers))

    def take(self) -> str:
        taken = []
        while not self.said.empty():
            taken.append(self.said.get())
        return json.dumps(taken)

    def hear(self, text: str) -> None:
        data = {"method": "custom", "content": json.loads(text)}
        self.handle_msg({"content": {"data": data}, "buffers": []})


def show(page: Page, widget: View, *, knows_models: bool = False) -> BridgedComm:
    """Have the page show the widget; ``knows_models``: it can look up other models, as that of the views' code."""
    end = widget.comm
    assert isinstance(end, BridgedComm)
    names = ("view", "epoch", "title", "options")
    bundle = f"IPY_MODEL_{widget.bundle.model_id}"
    traits = json.dumps({"bundle": bundle, **{name: getattr(widget, name) for name in names}})
    code = {"code": widget.bundle.code, "styles": widget.bundle.styles} if knows_models else None
    page.expose_function("kernelTraits", lambda: traits)
    page.expose_function("kernelBundle", lambda: json.dumps(code))
    page.expose_function("kernelHears", lambda text: end.hear(text))
    page.expose_function("kernelSaid", lambda: end.take())

    def answer(route: Route) -> None:
        is_code = route.request.url.endswith("/loader.js")
        path = static_file("loader.js") if is_code else HERE / "bare.html"
        kind = "text/javascript" if path.suffix == ".js" else "text/html"
        route.fulfill(body=path.read_text("utf-8"), content_type=kind)

    page.route(f"{ADDRESS}**", answer)
    page.goto(ADDRESS)
    return end


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> Orchestrator:
    monkeypatch.setattr(comm, "create_comm", BridgedComm)
    return serve()


def test_it_is_live_by_widget_messages_and_obeys_commands(bench: Orchestrator, page: Page) -> None:
    show(page, bench.dashboard())
    badge = page.locator(".ab-badge")
    expect(badge).to_contain_text("live")
    expect(badge).to_contain_text("widget messages")
    for n in range(300):
        bench.log("psu").info(f"volt {n}")
    expect(page.locator('[role="grid"]')).to_contain_text("volt 299")
    run = bench.run({"endless": "sleep 600"})
    page.get_by_role("button", name="Cancel").first.click()
    run.wait(30)
    assert run.jobs[0].status == "cancelled"
    page.locator(".ab-badge-open").click()
    links = page.locator(".ab-links")
    expect(links).to_contain_text("not this machine")
    expect(links).to_contain_text("this page is not one of a Jupyter server")


def test_it_shows_what_was_said_while_the_kernel_heard_nothing(
    bench: Orchestrator, page: Page
) -> None:
    """A cell blocks: the page's words wait, and what the kernel says is seen all the same."""
    widget = bench.dashboard()
    end = widget.comm
    assert isinstance(end, BridgedComm)
    waiting: list[str] = []
    hear, end.hear = end.hear, waiting.append  # type: ignore[method-assign, assignment]
    show(page, widget, knows_models=True)
    expect(page.locator(".ab-badge")).to_contain_text("live")
    bench.log("psu").info("while the cell blocks")
    expect(page.locator('[role="grid"]')).to_contain_text("while the cell blocks")
    for text in waiting:
        hear(text)
    bench.log("psu").info("after it")
    expect(page.locator('[role="grid"]')).to_contain_text("after it")
    expect(page.locator(".ab-badge")).to_contain_text("live")


def test_a_kernel_that_is_gone_is_said_to_be(bench: Orchestrator, page: Page) -> None:
    show(page, bench.dashboard())
    expect(page.locator(".ab-badge")).to_contain_text("live")
    page.evaluate("() => { window.isGone = true; }")
    bench.close()
    expect(page.locator(".ab-dash")).to_contain_text("The kernel that made this view is gone.")
