"""What the browser tests of the table of runs share: the table, and a job that waits until it is let go on."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.e2e.pane import Pane
from tests.e2e.waiting import wait_until


class Fifo:
    """A named pipe: jobs that read it wait until ``open`` is called, and end then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.command = f"cat {path}"
        self.held: list[int] = []

    def open(self) -> None:
        """Let the reader go on, who may still be on the way: whoever opens a pipe without one would wait for ever."""

        def has_reader() -> bool:
            try:
                os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                return False
            return True

        wait_until(has_reader, "a job that reads the pipe")


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path / "fifo")


@pytest.fixture
def runs(pane: Pane, page: Page) -> Runs:
    return Runs(page)


class Runs:
    """The table in an open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.get_by_role("tabpanel")
        self.grid = self.panel.get_by_role("treegrid")
        self.groups = self.panel.locator(".ab-run-group")

    def row(self, name: str) -> Locator:
        return self.panel.locator(".ab-run").filter(
            has=self.page.locator(".ab-run-name-text", has_text=re.compile(f"^{re.escape(name)}$"))
        )

    def cell(self, name: str, what: str) -> Locator:
        return self.row(name).locator(f".ab-run-{what}")

    def chip(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=re.compile(f"^{name}"))

    def open(self, name: str) -> Locator:
        """Open a job; what it shows then."""
        self.row(name).locator(".ab-run-toggle").click()
        return self.panel.locator(".ab-run-detail")
