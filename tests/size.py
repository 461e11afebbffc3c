"""``python -m tests.size``: what an installation weighs, beside what a user would have anyway.

Two fresh environments: pandas, tornado and anywidget alone, and this package without extras. Then what the larger
parts weigh, and how long an import takes. Installs from the package index; nothing else on this machine is changed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.releases import ROOT, made, run

BARE = ["pandas", "tornado", "anywidget"]
TABLE = """
import time, tracemalloc
import numpy as np, pandas as pd, pyarrow as pa

ROWS = 1_000_000
lines = [b"repetition %d, pass %d of 3, %.1f MiB read" % (n, n % 3, n / 7) for n in range(ROWS)]
text = b"".join(lines)
offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
del lines

def arrow():
    column = pa.Array.from_buffers(pa.large_string(), ROWS, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    return pd.Series(pd.arrays.ArrowStringArray(pa.chunked_array([column])))

def objects():
    ends = offsets.tolist()
    values = [text[a:b].decode() for a, b in zip(ends, ends[1:])]
    return pd.Series(np.array(values, dtype=object), dtype=object)

for make in (arrow, objects):
    least = float("inf")
    for _ in range(3):
        t = time.process_time(); made = make(); least = min(least, time.process_time() - t)
    t = time.process_time(); hits = int(made.str.contains("pass 1").sum()); search = time.process_time() - t
    print(f"{make.__name__}: {least * 1e3:.2f} ms, {made.memory_usage(deep=True) / ROWS:.0f} B a row, "
          f"str.contains {search * 1e3:.0f} ms for {hits:,}")
"""
"""A column of a million messages out of the ring's bytes: shown by Arrow where they lie, or made of Python's texts."""
IMPORTS = ("autobench_nb", "pandas", "pyarrow", "numpy, pandas, pyarrow")


def weights(site: Path) -> dict[str, int]:
    """Bytes of each distribution's folder, the largest first."""
    sizes: dict[str, int] = {}
    for entry in site.iterdir():
        files = (
            [entry] if entry.is_file() else [file for file in entry.rglob("*") if file.is_file()]
        )
        name = re.sub(r"(-[\d.]+\w*\.dist-info|\.libs)$", "", entry.name)
        sizes[name] = sizes.get(name, 0) + sum(file.stat().st_size for file in files)
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))


def installed(folder: Path, *what: str) -> tuple[Path, dict[str, int]]:
    """A fresh environment with ``what``: its interpreter, and the weights without pip's."""
    run([sys.executable, "-m", "venv", str(folder)], cwd=ROOT)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]
    run([*pip, *what], cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    return python, {
        name: size for name, size in weights(site).items() if name not in ("pip", "setuptools")
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, wheel = made(folder / "build")
        _, bare = installed(folder / "bare", *BARE)
        python, ours = installed(folder / "ours", str(wheel))
        total, bare_total = sum(ours.values()), sum(bare.values())
        print(f"{', '.join(BARE)}: {bare_total / 1e6:.1f} MB")
        print(f"autobench-nb without extras: {total / 1e6:.1f} MB, {total / bare_total:.2f}x")
        for part, size in ours.items():
            if size > 500_000:
                beside = "" if part in bare else "  not in the other"
                print(f"  {part:28} {size / 1e6:8.2f} MB {size / total:6.1%}{beside}")
        for what in IMPORTS:
            code = f"import time; t = time.perf_counter(); import {what}; print(time.perf_counter() - t)"
            least = min(float(run([str(python), "-c", code], cwd=folder)) for _ in range(5))
            print(f"import {what}: {least * 1e3:.0f} ms")
        print("1,000,000 messages as a column of pandas:")
        print(run([str(python), "-c", TABLE], cwd=folder), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
