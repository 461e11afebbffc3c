"""``python -m tests.e2e.moving_picture``: the moving picture of the README, of a real run in a real JupyterLab.

Pictures are taken one after the other while the quickstart's compressors race, each is shown for as long as it took
until the next, and ffmpeg makes an animated WebP of them. Needs a Chromium and Debian's ``ffmpeg``.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import FLAGS, ROOT, Lab, find_chromium, running_lab
from tests.e2e.screenshots import LIGHT, SIDEBAR, TO_TOP

FILE = ROOT / "docs" / "images" / "race.webp"
WIDTH, HEIGHT = 1080, 700
LONGEST_S = 16.0
MOST_BYTES = 2_000_000
REST_S = 2.5
"""How long the last picture stays before it begins anew."""


def taken(lab: Lab, folder: Path) -> list[tuple[Path, float]]:
    """Pictures of the race, each with the seconds until the next."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(120_000)
        lab.open(page, "01-quickstart.ipynb")
        page.evaluate(SIDEBAR)
        page.evaluate(LIGHT)
        lab.begin_all(page)
        dashboard = page.locator(".ab-dash").first
        expect(dashboard).to_be_visible()
        page.evaluate(TO_TOP)
        pictures: list[tuple[Path, float]] = []
        begun = time.monotonic()
        ended: float | None = None
        while time.monotonic() - begun < 90 and (ended is None or time.monotonic() - ended < 0.7):
            at = time.monotonic()
            path = folder / f"{len(pictures):04}.png"
            page.screenshot(path=str(path))
            if ended is None and re.search(r"zlib 6 \(Python\): succeeded", dashboard.inner_text()):
                ended = time.monotonic()
            page.wait_for_timeout(max(0.0, 0.15 - (time.monotonic() - at)) * 1000)
            pictures.append((path, time.monotonic() - at))
        browser.close()
    return pictures


def written(pictures: list[tuple[Path, float]], folder: Path, quality: int) -> int:
    """Make the WebP; its size in bytes. What took longer than ``LONGEST_S`` is shown faster."""
    total = sum(seconds for _, seconds in pictures)
    factor = min(1.0, LONGEST_S / total)
    lines = ["ffconcat version 1.0"]
    for number, (path, seconds) in enumerate(pictures):
        shown = REST_S if number == len(pictures) - 1 else seconds * factor
        lines += [f"file {path.name}", f"duration {shown:.3f}"]
    lines.append(f"file {pictures[-1][0].name}")
    (folder / "pictures.ffconcat").write_text("\n".join(lines) + "\n", "utf-8")
    encode = ["-c:v", "libwebp_anim", "-lossless", "0", "-quality", str(quality), "-loop", "0"]
    command = ["ffmpeg", "-y", "-loglevel", "error", "-i", "pictures.ffconcat", "-fps_mode", "vfr"]
    subprocess.run([*command, *encode, str(FILE)], cwd=folder, check=True, timeout=500)
    return FILE.stat().st_size


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as root,
        tempfile.TemporaryDirectory() as home,
        running_lab(Path(root), Path(home)) as lab,
    ):
        pictures = taken(lab, Path(folder))
        for quality in (70, 50, 30, 15):
            size = written(pictures, Path(folder), quality)
            print(
                f"{FILE.relative_to(ROOT)}: {len(pictures)} pictures, {size:,} bytes at {quality}"
            )
            if size < MOST_BYTES:
                return
    raise SystemExit("too large: take fewer or smaller pictures")


if __name__ == "__main__":
    main()
