"""Build the site: ``python -m tests.site [FOLDER]``. A warning is an error; what comes from elsewhere is one too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOADED = re.compile(
    r"""<(?:script|img|source|video|iframe)\b[^>]*\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)""",
    re.IGNORECASE,
)
LOADED_BY_CSS = re.compile(r"""(?:@import\s+|url\()["']?((?:https?:)?//[^"')\s]+)""")


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site into ``folder``; what it prints says which page and line is wrong."""
    command = ["-m", "sphinx", "-q", "-W", "--keep-going", "--color", "-b", "html"]
    trees = str(folder.with_name(f"{folder.name}.doctrees"))
    return subprocess.run(
        [sys.executable, *command, "-d", trees, str(ROOT / "docs"), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def loaded_from_elsewhere(folder: Path) -> list[str]:
    """What a browser that opens the site would fetch from other servers, with the file that says so."""
    found = []
    for file in sorted(folder.rglob("*")):
        pattern = {".html": LOADED, ".css": LOADED_BY_CSS}.get(file.suffix)
        if pattern is not None:
            matches = pattern.findall(file.read_text("utf-8"))
            addresses = ["".join(match) for match in matches]
            found += [f"{file.relative_to(folder)}: {address}" for address in addresses]
    return found


def main() -> int:
    """Build it; 0 where all is well."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    done = build(folder)
    elsewhere = loaded_from_elsewhere(folder)
    print(done.stdout + done.stderr, *elsewhere, sep="\n", end="")
    if done.returncode == 0 and not elsewhere:
        print(f"{folder / 'index.html'}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
