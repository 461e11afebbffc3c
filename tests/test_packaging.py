"""The wheel carries the bundles, and is built without any node but the one that the build brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import releases
from tests.node import JS, install_modules

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("autobench_nb", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
BUNDLES = ("loader.js", "widget.js", "widget.css", "page.html", "page.js", "page.css")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel made from it, as ``python -m tests.releases`` makes them."""
    pytest.importorskip("build", reason="python -m build makes a release: pip install '.[test]'")
    install_modules()
    return releases.made(tmp_path_factory.mktemp("release"))


def test_a_release_has_what_it_needs_and_no_more(files: tuple[Path, Path]) -> None:
    assert list(releases.faults_of(*files)) == []


def test_a_release_that_carries_tests_or_lacks_a_bundle_is_noticed(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    sdist, _ = files
    wrong = tmp_path / "wrong.whl"
    with zipfile.ZipFile(wrong, "w") as opened:
        opened.writestr("tests/test_x.py", "")
        opened.writestr("autobench_nb/static/page.js", "")
    found = list(releases.faults_of(sdist, wrong))
    assert "the wheel has tests/test_x.py" in found
    assert "the wheel has no widget.js" in found


def test_a_wheel_of_the_same_sources_has_the_same_hash_wherever_it_is_built(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    """From the sdist that was made, in another folder: a path or a time within it would differ."""
    with tarfile.open(files[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    (unpacked / "js" / "node_modules").symlink_to(JS / "node_modules")
    again = releases.built(unpacked, tmp_path / "out", "wheel")
    assert again.name == files[1].name
    assert releases.digest(again) == releases.digest(files[1])


def test_the_lowest_versions_are_those_that_are_declared() -> None:
    pins = releases.lowest()
    assert "pandas==2.2.2" in pins
    assert len(pins) == len(releases.PROJECT["dependencies"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of a clean copy of this checkout, built on a machine without node."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install '.[test]'")
    install_modules()
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("out")
    made = shutil.ignore_patterns("__pycache__", "widget.*", "page.*")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=made)
        else:
            shutil.copy2(ROOT / part, copy / part)
    shutil.copytree(JS, copy / "js", ignore=shutil.ignore_patterns("node_modules"))
    (copy / "js" / "node_modules").symlink_to(JS / "node_modules")
    empty = tmp_path_factory.mktemp("bin")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=copy,
        env={**os.environ, "PATH": str(empty)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_carries_the_bundles_and_the_types(wheel: zipfile.ZipFile) -> None:
    sizes = {info.filename: info.file_size for info in wheel.infolist()}
    for name in BUNDLES:
        assert sizes[f"autobench_nb/static/{name}"] > 0, name
    assert "autobench_nb/py.typed" in sizes


def test_the_wheel_carries_the_whole_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "autobench_nb").rglob("*.py")}
    assert ours <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"autobench_nb"}


def test_the_wheel_has_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    (entry,) = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
    assert "autobench-nb = autobench_nb.cli.main:main" in wheel.read(entry).decode()
    assert any(name.endswith("LICENSE") for name in names)


def test_the_wheel_carries_the_definitions_of_log_formats(wheel: zipfile.ZipFile) -> None:
    found = {Path(name).name for name in wheel.namelist() if "/formats/definitions/" in name}
    definitions = ROOT / "autobench_nb" / "logs" / "formats" / "definitions"
    assert found == {file.name for file in definitions.glob("*.toml")}
    assert len(found) > 3
