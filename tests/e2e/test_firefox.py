"""The pane's main facts in Firefox, as they are tested in Chromium: driven by puppeteer over WebDriver BiDi.

Skips, with the reason, where no Firefox is found; with AUTOBENCH_REQUIRE_BROWSER=1 (as CI sets it) it fails instead.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.pane import Serve
from tests.node import JS, NODE, install_modules, node_env

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("firefox-esr", "firefox")
FOLDER = JS / "test" / "firefox"
SCENARIOS = re.findall(
    r"^  async '(.+)'\(pane\)", (FOLDER / "scenarios.mjs").read_text("utf-8"), re.MULTILINE
)
Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """One Firefox for all facts; it ends with its input, also when a test fails."""
    given = os.environ.get("AUTOBENCH_FIREFOX")
    path = given or next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        reason = (
            "no Firefox: install one (Debian: apt install firefox-esr) or set AUTOBENCH_FIREFOX"
        )
        if os.environ.get("AUTOBENCH_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    install_modules()
    home = tmp_path_factory.mktemp("firefox")
    process = subprocess.Popen(
        [str(NODE), str(FOLDER / "run.mjs"), path],
        env={**node_env(), "HOME": str(home), "TMPDIR": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        said: dict[str, Any] = json.loads(process.stdout.readline() or '{"error": "it has ended"}')
        return said

    try:
        yield ask
    finally:
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def test_every_scenario_is_one_of_these_tests(firefox: Ask) -> None:
    assert firefox({})["names"] == SCENARIOS
    assert len(SCENARIOS) >= 12


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_firefox(firefox: Ask, serve: Serve, name: str) -> None:
    bench = serve(log_capacity=20_000)
    assert bench.server is not None
    server = {"login": bench.server.login_url, "url": bench.server.url, "token": bench.token}
    said = firefox({"name": name, **server})
    assert said == {"ok": True}, said.get("error")
