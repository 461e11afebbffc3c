"""The TypeScript implementation of the query language, in a node of its own that answers line by line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.node import JS, NODE, node_env

BUILD = """
require('esbuild').buildSync({entryPoints: [process.argv[1]], outfile: process.argv[2], bundle: true,
  platform: 'node', format: 'esm', logLevel: 'warning', nodePaths: [process.cwd() + '/node_modules']})
"""


class TypeScript:
    """One process; `ask` writes a request and reads its answer."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).parent / "agreement.ts"
        bundle = folder / "agreement.mjs"
        build = [str(NODE), "-e", BUILD, str(script), str(bundle)]
        subprocess.run(build, cwd=JS, env=node_env(), check=True)
        self._process = subprocess.Popen(
            [str(NODE), str(bundle)],
            env=node_env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, request: dict[str, Any]) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def close(self) -> None:
        rest, _ = self._process.communicate(timeout=30)
        assert rest == ""
        assert self._process.returncode == 0
