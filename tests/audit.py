"""Asks for known weaknesses of what is installed: ``python -m tests.audit``, with the extra ``audit``."""

from __future__ import annotations

import subprocess
import sys

from tests.node import JS, node_env, npm


def main() -> int:
    """Ask pip-audit and npm; 0 where neither knows a weakness."""
    python = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner", "off"]
    codes = [
        subprocess.run(python, check=False).returncode,
        subprocess.run(
            [*npm(), "audit", "--omit=optional"], cwd=JS, env=node_env(), check=False
        ).returncode,
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
