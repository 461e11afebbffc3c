"""What a page takes for granted before a block: by page, and there by a piece of the block's text.

A newcomer reads ``bench`` and has one; a page that is run by itself has to be given it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BENCH: Final = """
import autobench_nb as ab
bench = ab.Orchestrator(log_capacity=10_000, connection_file=False)
"""

ASKED: Final = """
while not run.jobs[0].current:
    run.wait(0.05)
"""
RUNNING: Final = """
while not bench.jobs.running:
    slow.wait(0.05)
"""

SETUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "docs/connecting.md": {
        "ab.connect()": """
import autobench_nb as ab
bench = ab.Orchestrator(name="original")
bench.serve(thread=True)
""",
    },
    "docs/howto/job-hangs.md": {'send("y': ASKED, "jobs.queue": RUNNING},
    "docs/tutorials/laboratory.md": {
        'print(bench.devices["fan0"]["observed"])': """
import threading
while bench.devices["fan0"]["observed"] != {"rpm": 900}:
    threading.Event().wait(0.01)
""",
    },
    "docs/devices.md": {"class Fan": BENCH},
    "docs/journal.md": {
        'ab.Orchestrator(journal="lab.db")': "import autobench_nb as ab",
        "journal.interrupted": """
bench.run(["true", "sleep 5"])
bench.close()
""",
        "bench.journal.runs()": "run.cancel(); run.wait()",
        "max_bytes": "bench.close()",
    },
    "docs/log-files.md": {
        "replay app.log": r"""
import gzip
from pathlib import Path
line = "2026-01-02 03:04:05,678 - app - {} - {}\n"
pieces = []
for n in range(1950):
    pieces.append(line.format("ERROR" if n < 24 else "INFO", f"line {n}"))
    if n < 24:
        pieces.append("  a line that belongs to it\n" * 2)
Path("app.log").write_text("it begins\n(and has no time)\n" + "".join(pieces))
Path("app.log.1.gz").write_bytes(gzip.compress(b"2026-01-01 03:04:05,678 - app - INFO - old\n"))
Path("a.log").write_text(line.format("INFO", "a"))
Path("b.log").write_text(line.format("WARNING", "b"))
Path("my.log").write_text(line.format("INFO", "mine"))
""",
    },
    "docs/log-pane.md": {"ab.LogPane(bench)": BENCH + "bench.serve()"},
    "docs/measuring.md": {
        "./install.sh": BENCH
        + """
from pathlib import Path
Path("install.sh").write_text("#!/bin/sh\\nprintf 'Go on? '; read answer; echo $answer\\n")
Path("install.sh").chmod(0o755)
""",
        'job.send("y': ASKED,
        "ab.comparable": """
run.wait()
before, after = bench.run(["true"]), bench.run(["true"])
before.wait(), after.wait()
import contextlib
from autobench_nb.errors import ComparisonError
""",
    },
    "docs/pno.md": {
        "bench.pno.scan()": BENCH + "bench.devices.add('psu', type='power supply')",
    },
    "docs/recipes.md": {
        'bench.run("recipe.yaml"': """
from pathlib import Path
from autobench_nb.cli.recipes import FIRST
Path("recipe.yaml").write_text(FIRST)
""",
        "autobench-nb init": "Path('recipe.yaml').unlink()",
    },
}
"""Python code by page, and there by what stands in the block before which it is run."""
