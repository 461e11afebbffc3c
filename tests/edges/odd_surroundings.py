"""Run as a script in odd surroundings: serves, runs a command, a callable and an isolated one, logs, and tells."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import autobench_nb as ab

if __name__ == "__main__":
    with ab.Orchestrator(environ={}) as bench:
        url = bench.serve(thread=True).url
        run = bench.run(
            ["echo h\u00e9llo", "printf '\\351\\n'", lambda: print("called"), ["echo", "a\udcffb"]],
            cwd=sys.argv[2] if len(sys.argv) > 2 else None,
        )
        assert run.wait(60)
        with urllib.request.urlopen(f"{url}healthz", timeout=30) as answer:
            status = answer.status
        told = {
            "status": status,
            "jobs": [[str(job.status), job.reason] for job in run.jobs],
            "printed": [entry.message for entry in bench.logs if entry.channel == "benchmark"],
        }
    Path(sys.argv[1]).write_text(json.dumps(told), encoding="ascii")
