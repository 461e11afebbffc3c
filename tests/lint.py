"""``python -m tests.lint``: every linter and type checker, the quick ones first.

CONTRIBUTING.md lists the same commands. The exit status is the number of those that failed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.node import install_modules, node_env, npm

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
COMMANDS: tuple[tuple[Path, list[str]], ...] = (
    (ROOT, [str(BIN / "ruff"), "check", "."]),
    (ROOT, [str(BIN / "ruff"), "format", "--check", "."]),
    (ROOT, [str(BIN / "lint-imports")]),
    (ROOT, [str(BIN / "mypy")]),
    (ROOT / "js", [*npm(), "run", "check"]),
)


def main() -> int:
    install_modules()
    failed = 0
    for cwd, command in COMMANDS:
        shown = " ".join([Path(command[0]).name, *command[1:]])
        print(f"-- {shown}", flush=True)
        failed += subprocess.run(command, cwd=cwd, env=node_env(), check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
