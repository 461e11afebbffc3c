"""``python -m tests.releases``: build what would be released, twice, and try it where nothing else is installed.

The sdist is made from what git knows, the wheel from the sdist; both twice, and their hashes compared. The wheel is
looked into, and installed in fresh environments: with the newest versions that ``pyproject.toml`` admits on every
Python that is found, and with the lowest ones on the oldest of them (others have no wheels of versions so old). In
each the whole way is gone once: a job, its log, a server, a client, a DataFrame, a recipe. Takes some minutes, and
what the package index gives. ``--quick`` builds and looks, no more.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EPOCH = "1700000000"
MINORS = range(11, 15)

TRIED = """
import asyncio, sys, tempfile, pathlib
import autobench_nb as ab

assert "site-packages" in ab.__file__, ab.__file__

def work():
    print("from Python")
    return 42

async def main():
    with ab.Orchestrator(name="release", journal=pathlib.Path(tempfile.mkdtemp(), "lab.db")) as bench:
        server = bench.serve()
        run = bench.run({"command": "echo from a shell", "python": work}, repeat=2)
        await run
        run.check()
        client = await ab.connect(server.url, token=bench.read_token)
        assert client.wait_for(lambda one: len(one.results) == 4, timeout_s=60)
        table = bench.results.to_pandas()
        assert len(table) == 4 and set(table["name"]) == {"command", "python"}, table
        assert bench.logs.query("message:from").to_pandas()["message"].tolist().count("from Python") == 2
        assert bench.logs.to_arrow().num_rows == bench.logs.held
        client.close()
        bench.dashboard()
    print("all of it works")

asyncio.run(main())
"""
"""What somebody does who has installed it, in short."""


def built(source: Path, out: Path, kind: str) -> Path:
    """Build one file of ``source`` into ``out``; without an environment of its own, since hatchling is here."""
    out.mkdir(parents=True, exist_ok=True)
    run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "-o", str(out), str(source)],
        cwd=source,
        env={"SOURCE_DATE_EPOCH": EPOCH},
    )
    (file,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return file


def run(command: list[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command; what it printed. Raises :class:`RuntimeError` with all that it said where it fails."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**kept, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=540,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"{' '.join(command)}: not within {late.timeout:g} s") from late
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def copied(folder: Path) -> Path:
    """What git knows of this checkout, as it stands, in a folder of its own, with the modules of node beside it."""
    names = run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT).splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    modules = ROOT / "js" / "node_modules"
    if modules.is_dir():
        (folder / "js" / "node_modules").symlink_to(modules)
    return folder


def made(folder: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from the sdist."""
    sdist = built(copied(folder / "checkout"), folder / "out", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    modules = ROOT / "js" / "node_modules"
    if modules.is_dir():
        (unpacked / "js" / "node_modules").symlink_to(modules)
    return sdist, built(unpacked, folder / "out", "wheel")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def faults_of(sdist: Path, wheel: Path) -> Iterator[str]:
    """What must not be in the files, and what is missing in them."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    for bundle in ("widget.js", "page.js", "loader.js", "page.html"):
        if f"autobench_nb/static/{bundle}" not in names:
            yield f"the wheel has no {bundle}"
    yield from (f"the wheel has {name}" for name in names if re.match(r"(tests|js|docs)/", name))
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in (
        "js/package-lock.json",
        "hatch_build.py",
        "tests/test_readme.py",
        "docs/start.md",
    ):
        if wanted not in inside:
            yield f"the sdist has no {wanted}"
    for unwanted in ("js/node_modules", ".venv", "autobench_nb/static/page.js"):
        if unwanted in inside:
            yield f"the sdist has {unwanted}"


def lowest() -> list[str]:
    """Each dependency at the lowest version that is declared."""
    pins = []
    for text in PROJECT["dependencies"]:
        wanted = Requirement(text)
        (bound,) = [one.version for one in wanted.specifier if one.operator == ">="]
        pins.append(f"{wanted.name}=={bound}")
    return pins


def version_of(python: str) -> str | None:
    """Its minor version; ``None`` where it is a name with nothing behind it, as pyenv has them."""
    with contextlib.suppress(RuntimeError):
        return run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], cwd=ROOT
        ).strip()
    return None


def pythons() -> list[str]:
    """Each Python that is found and admitted, one of a minor version."""
    admitted = SpecifierSet(PROJECT["requires-python"])
    found: dict[int, str] = {}
    for minor in MINORS:
        pyenv = Path.home().joinpath(".pyenv", "versions").glob(f"3.{minor}.*/bin/python")
        candidates = [*map(str, pyenv), shutil.which(f"python3.{minor}"), sys.executable]
        for one in filter(None, candidates):
            if version_of(one) == f"3.{minor}" and f"3.{minor}" in admitted:
                found.setdefault(minor, one)
    return list(found.values())


def tried(python: str, wheel: Path, pins: list[str], folder: Path) -> str:
    """Install the wheel in a fresh environment and use it; says with what."""
    run([python, "-m", "venv", str(folder)], cwd=folder.parent)
    mine = str(folder / "bin" / "python")
    run(
        [mine, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel), *pins],
        cwd=folder,
    )
    run([mine, "-m", "pip", "check"], cwd=folder)
    run([mine, "-c", TRIED], cwd=folder, env={"JUPYTER_RUNTIME_DIR": str(folder)})
    command = str(folder / "bin" / "autobench-nb")
    run([command, "init", "first.yaml"], cwd=folder)
    run([command, "run", "first.yaml", "--plain", "-o", "first.csv"], cwd=folder)
    said = "import sys, numpy, pandas, pyarrow; print(sys.version.split()[0], *('%s %s' % (m.__name__, m.__version__) "
    said += "for m in (numpy, pandas, pyarrow)))"
    return run([mine, "-c", said], cwd=folder).strip()


def main() -> int:
    """Do all of it; 0 where nothing was wrong."""
    options = argparse.ArgumentParser(prog="python -m tests.releases", description=__doc__)
    options.add_argument("--quick", action="store_true", help="build and look, install nothing")
    quick = options.parse_args().quick
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sdist, wheel = made(folder / "one")
        for first, second in zip((sdist, wheel), made(folder / "two"), strict=True):
            same = digest(first) == digest(second)
            print(f"{first.name}  {first.stat().st_size:,} bytes  {digest(first)}")
            if not same:
                faults.append(f"two builds of {first.name} differ")
        faults += faults_of(sdist, wheel)
        found = [] if quick or faults else pythons()
        attempts = [("lowest", python, lowest()) for python in found[:1]]
        attempts += [("newest", python, []) for python in found]
        for kind, python, pins in attempts:
            place = folder / f"{kind}-{len(os.listdir(folder))}"
            try:
                print(f"{kind}: {tried(python, wheel, pins, place)}", flush=True)
            except RuntimeError as error:
                faults.append(f"{kind}, {python}: {error}")
            shutil.rmtree(place, ignore_errors=True)
    where = f" and used in {len(attempts)} fresh environments" if attempts else ""
    print(*(faults or [f"Built twice alike, looked into{where}: nothing wrong."]), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
