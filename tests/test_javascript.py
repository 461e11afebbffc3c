"""The TypeScript tests are part of the one test command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.node import JS, NODE, install_modules, node_env


@pytest.mark.slow
def test_the_typescript_tests_pass(tmp_path: Path) -> None:
    install_modules()
    report = tmp_path / "vitest.json"
    vitest = [str(NODE), "node_modules/vitest/vitest.mjs", "run"]
    done = subprocess.run(
        [*vitest, "--reporter=default", "--reporter=json", f"--outputFile.json={report}"],
        cwd=JS,
        env=node_env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(report.read_text("utf-8"))
    assert counts["numPassedTests"] == counts["numTotalTests"] > 0
    print(f"vitest: {counts['numPassedTests']} tests passed")
