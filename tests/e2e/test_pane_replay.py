"""Log files of other programs in the pane: replayed by the command line, at full speed and at their own pace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT
from tests.e2e.pane import Pane

pytestmark = pytest.mark.browser

Replay = Callable[..., Pane]
LOGHUB = ROOT.parent / "shared" / "data" / "loghub"
FILE = """\
Jun 14 15:16:01 combo sshd[19939]: authentication failure
2015-07-29 17:41:41,536 - WARN  [main:QuorumPeer@1] - Connection broken
[Sun Dec 04 04:47:44 2005] [error] mod_jk child in error state 6
{"time": "2026-01-02T03:04:05Z", "level": "error", "message": "rail 3", "volt": 2.9}
what no format is known for: <b>kept</b>
"""


@pytest.fixture
def replay(page: Page) -> Iterator[Replay]:
    """Opens the page that ``autobench-nb replay`` serves; each command ends cleanly with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> Pane:
        process = subprocess.Popen(
            [sys.executable, "-m", "autobench_nb.cli", "replay", "--quiet", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "AUTOBENCH_TOKEN"},
        )
        started.append(process)
        assert process.stdout is not None
        page.goto(process.stdout.readline().strip())
        return Pane(page, page.locator(".ab-log"))

    yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_each_line_is_read_in_its_own_format_and_unknown_ones_are_kept(
    replay: Replay, tmp_path: Path
) -> None:
    file = tmp_path / "mixed.log"
    file.write_text(FILE)
    pane = replay(file)
    pane.shows(
        "what no format is known for: <b>kept</b>",
        "rail 3{volt: 2.9}",
        "mod_jk child in error state 6",
        "Connection broken{line: 1, thread: main}",
        "authentication failure{pid: 19939, host: combo}",
    )
    expect(pane.row("rail 3").locator(".ab-log-level")).to_have_text("ERROR")
    expect(pane.row("Connection broken").locator(".ab-log-level")).to_have_text("WARN")
    expect(pane.row("mod_jk").locator(".ab-log-time")).to_have_text("2005-12-04 04:47:44.000")
    expect(pane.facet("Logger", "sshd")).to_contain_text("1")
    # The file's lines alone: what the server did to show them is not among them.
    expect(pane.facet("Channel", "mixed")).to_contain_text("5")
    expect(pane.foot).to_contain_text("5 of 5 shown")


def test_at_its_own_pace_lines_come_as_if_it_happened_now(replay: Replay, tmp_path: Path) -> None:
    file = tmp_path / "slow.log"
    lines = [f"2015-07-29 17:41:40,{n}00 - INFO  [main:A@1] - line {n}" for n in range(0, 9, 3)]
    file.write_text("\n".join(lines))
    pane = replay(file, "--speed", "1x")
    pane.shows(*(f"line {n}{{line: 1, thread: main}}" for n in (6, 3, 0)))
    times = pane.rows.locator(".ab-log-time").evaluate_all("all => all.map(one => one.title)")
    assert all(time.strftime("%Y-", time.localtime()) in one for one in times)


# The numbers are grep's.
@pytest.mark.parametrize(
    ("name", "query", "matches"),
    [
        ("OpenSSH", "logger:sshd /^Failed password/ -root", 150),
        ("Apache", "level:error mod_jk", 551),
        ("Zookeeper", "level>=warn -/^Interrupted/ logger:/RecvWorker$/", 557),
        ("Linux", "logger:ftpd fields.host:combo", 916),
    ],
)
def test_a_real_log_is_there_whole_and_can_be_searched(
    replay: Replay, name: str, query: str, matches: int
) -> None:
    file = LOGHUB / f"{name}.log"
    if not file.is_file():
        pytest.skip(f"no {file.name}: the loghub samples are not part of the project")
    pane = replay(file)
    expect(pane.foot).to_contain_text("2,000 of 2,000 shown")
    pane.ask(query)
    expect(pane.count).to_have_text(f"– / {matches}")
    pane.press("n")
    expect(pane.count).to_have_text(f"1 / {matches}")
