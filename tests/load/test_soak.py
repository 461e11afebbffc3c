"""A bad network and a busy kernel, over all three links: each fault once. For as long as one likes: ``tests.soak``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(400)
def test_a_bad_network_and_a_busy_kernel_lose_nothing_unannounced_and_leave_nothing() -> None:
    pytest.importorskip("jupyter_server_proxy")
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seconds", "0", "--fault-seconds", "0.5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=390,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost unannounced" in done.stdout
    for link in ("direct", "proxy", "widget messages"):
        assert link in done.stdout
    print(done.stdout)
