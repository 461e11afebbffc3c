"""From the log call to the row on the page, in a real JupyterLab: kernel idle, beside thousands of other lines, asleep
in a cell, computing in a cell.

The peer is a plain anywidget, a number whose change the page shows, in the same notebook and the same cell: what a user
would build instead. Both carry the time of the call; both are looked at when the page's document has changed.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.harness import Benchmark, Row, peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.conftest import Lab

EVERY_S = 0.1037
"""No multiple of a picture's 16.7 ms: else all figures hang on where in a picture the first call fell."""
GOAL_MS = 150.0
"""Of the 95th percentile, while the kernel is busy."""
FLOOD = "idle beside 5,000 other lines a second"
IDLE_GOALS_MS = {("idle", "p50"): 15.0, ("idle", "p99"): 70.0, (FLOOD, "p99"): 70.0}
"""Beside other lines there is no silence: what comes is coalesced for 50 ms, so that the median line waits for half of
that, and no goal for it could be met but by coalescing less."""

SERVE = """
import hashlib, threading, time
import anywidget, traitlets
import autobench_nb as ab

class Number(anywidget.AnyWidget):
    _esm = '''
    function render({{ model, el }}) {{
        el.className = "the-peer";
        model.on("change:value", () => {{ el.textContent = "at " + model.get("value"); }});
        el.textContent = "at 0";
    }}
    export default {{ render }};
    '''
    value = traitlets.Float(0.0).tag(sync=True)

bench = ab.Orchestrator("latency", environ={{}}, request_sample=0.0)
bench.serve(thread={thread})
log, noise, number = bench.log("app"), bench.log("noise"), Number()

def now():
    return round(time.time() * 1e3, 3)

def say(stop, work=lambda left: time.sleep(max(0.0, left))):
    due, turn = time.monotonic(), 0
    while time.monotonic() < stop:
        if turn % 2:
            log.info(f"at {{now()}}")
        else:
            number.value = now()
        turn += 1
        due += {every_s} / 2
        work(due - time.monotonic())

def pour(stop):
    due = time.monotonic()
    while due < stop:
        for line in range(50):
            noise.info("step %d of a loop that says what it does" % line)
        due += 0.01
        time.sleep(max(0.0, due - time.monotonic()))

def compute(left):
    end, data = time.monotonic() + left, b""
    while time.monotonic() < end:
        data = hashlib.sha256(data).digest()

def wait(thread):
    thread.start()
    return thread
"""
SHOW = ("number", 'bench.dashboard(query="channel:app")')
LINKS = ("direct", "proxy", "widget messages")
BUSY = {
    "idle": "talker = wait(threading.Thread(target=say, args=(time.monotonic() + {s},)))",
    FLOOD: "wait(threading.Thread(target=pour, args=(time.monotonic() + {s},)));"
    " talker = wait(threading.Thread(target=say, args=(time.monotonic() + {s},)))",
    "asleep": "talker = wait(threading.Thread(target=say, args=(time.monotonic() + {s},))); time.sleep({s})",
    "computing": "say(time.monotonic() + {s}, compute)",
}
OBSERVE = """() => {
    window.watching?.disconnect();
    window.seen = { ours: new Map(), peer: new Map() };
    const look = () => {
        const now = performance.timeOrigin + performance.now();
        for (const [who, where] of [['ours', '.ab-log-message'], ['peer', '.the-peer']]) {
            for (const one of document.querySelectorAll(where)) {
                const at = Number(/at (\\d+\\.?\\d*)/.exec(one.textContent)?.[1] ?? 0);
                if (at > 0 && !seen[who].has(at)) seen[who].set(at, now - at);
            }
        }
    };
    look();
    window.before = new Set([...seen.ours.keys(), ...seen.peer.keys()]);
    window.watching = new MutationObserver(look);
    watching.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
TAKE = """() => {
    const taken = (found) => [...found].filter(([at]) => !before.has(at)).map(([, ms]) => ms);
    return { ours: taken(seen.ours), peer: taken(seen.peer) };
}"""


@contextmanager
def _lab() -> Iterator[tuple[Lab, Page]]:
    sync_playwright = peer("playwright.sync_api", "playwright").sync_playwright
    from tests.e2e.conftest import FLAGS, find_chromium, running_lab

    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder, home = Path(name, "lab"), Path(name, "home")
        folder.mkdir()
        home.mkdir()
        with running_lab(folder, home) as lab:
            browser = driver.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
            yield lab, browser.new_page(viewport={"width": 1400, "height": 1100})
            browser.close()


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def _run(page: Page, lab: Lab) -> None:
    lab.execute(page, "notebook:run-cell-and-select-next")


def _latencies(
    lab: Lab, page: Page, *, thread: bool, seconds: float, links: tuple[str, ...]
) -> dict[tuple[str, str], Any]:
    """By what the kernel does, and by which link: ``ours`` and ``peer``, each with its percentiles in milliseconds."""
    name = f"latency-{thread}.ipynb"
    cells = [one.format(s=seconds) for one in BUSY.values()]
    lab.write(name, SERVE.format(thread=thread, every_s=EVERY_S), *SHOW, *cells)
    lab.open(page, name)
    for _ in range(1 + len(SHOW)):
        _run(page, lab)
    page.wait_for_function(
        "() => document.querySelector('.the-peer') && /live/.test(document.querySelector('.ab-badge')?.textContent)"
    )
    found = {}
    for link in links:
        _choose(page, link)
        page.evaluate(
            "(cell) => { jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }",
            1 + len(SHOW),
        )
        for what in BUSY:
            page.evaluate(OBSERVE)
            _run(page, lab)
            page.wait_for_timeout(seconds * 1000 + 1_000)
            page.wait_for_function(
                "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
            )
            told = page.evaluate(TAKE).items()
            found[what, link] = {who: _percentiles(values) for who, values in told}
    lab.evaluate(page, "bench.close()")
    return found


def _choose(page: Page, link: str) -> None:
    """Have the dashboard use that link."""
    if not page.locator(".ab-links").count():
        page.locator(".ab-dash .ab-badge-open").click()
    row = page.locator(".ab-links-row").filter(has_text=link)
    row.get_by_role("radio").check()
    page.wait_for_function(
        "(link) => document.querySelector('.ab-dash .ab-badge').textContent.includes(link)",
        arg=link,
    )


def latency(quick: bool) -> list[Row]:
    """Percentiles while the kernel is idle, sleeps and computes, in both modes and by each link."""
    seconds = 1.0 if quick else 10.0
    modes, links = ((False,), LINKS[:1]) if quick else ((False, True), LINKS)
    rows = []
    with _lab() as (lab, page):
        for thread in modes:
            mode = "thread=True" if thread else "on the notebook's loop"
            all_found = _latencies(lab, page, thread=thread, seconds=seconds, links=links)
            for (what, link), found in all_found.items():
                by = "" if link == "direct" else f", by {link}"
                for cut in ("p50", "p95", "p99") if link == "direct" else ("p95",):
                    ours, other = found["ours"][cut], found["peer"][cut]
                    if what in ("idle", FLOOD):
                        goal_ms = IDLE_GOALS_MS.get((what, cut)) if link == "direct" else None
                    else:
                        goal_ms = GOAL_MS if cut == "p95" else None
                    name = f"log.info() to the row in JupyterLab, kernel {what}, {mode}{by}, {cut}"
                    rows.append(
                        Row(
                            name,
                            ours,
                            "ms",
                            "anywidget trait change",
                            other,
                            None if goal_ms is None else goal_ms / other,
                            ""
                            if goal_ms is None
                            else f"the goal is {goal_ms:.0f} ms, whatever the peer takes",
                        )
                    )
    return rows


BENCHMARKS = [Benchmark("busy: latency", latency)]
