"""What docs/explanation/size.md decides: Arrow comes with the package, and only tables need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.size import weights

WITHOUT = """
import sys, urllib.request
sys.modules["pyarrow"] = None
import autobench_nb as ab

with ab.Orchestrator(connection_file=False) as bench:
    server = bench.serve(thread=True)
    bench.run("echo hello").wait()
    print([entry.message for entry in bench.logs.query("/^hel+o$/")])
    request = urllib.request.Request(
        f"{server.url}api/logs?format=csv&query=message:hello",
        headers={"Authorization": f"Bearer {bench.token}"},
    )
    print(urllib.request.urlopen(request).read().decode().splitlines()[0][:13])
    try:
        bench.logs.to_pandas()
    except ImportError as error:
        print("pyarrow" in str(error))
"""


def test_jobs_run_and_logs_are_asked_served_and_exported_without_arrow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.splitlines() == ["['hello']", "seq,ts,channe", "True"], done.stderr


def test_what_a_distribution_weighs_is_its_folders_and_libraries(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    site = tmp_path_factory.mktemp("site")
    for name, size in (("small/a.py", 10), ("large/a.py", 20), ("large.libs/b.so", 30)):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(b"x" * size)
    assert weights(site) == {"large": 50, "small": 10}
