"""What is public is listed, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import autobench_nb

NAMES = {
    "AutoBenchError",
    "Client",
    "Config",
    "Dashboard",
    "Level",
    "LogPane",
    "Orchestrator",
    "Projection",
    "Run",
    "StatePane",
    "StatusBadge",
    "connect",
    "current_job",
}


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert set(autobench_nb.__all__) == NAMES
    assert len(autobench_nb.__all__) == len(NAMES)
    assert sorted(autobench_nb.__all__) == list(autobench_nb.__all__)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(autobench_nb, name)
    assert value.__doc__
    assert name in dir(autobench_nb)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        autobench_nb.nonsense  # noqa: B018 - the look-up is the test


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("pandas", "pyarrow", "numpy", "anywidget", "ipywidgets", "tornado")
    code = f"import autobench_nb, sys; print([m for m in {heavy!r} if m in sys.modules])"
    assert python(code) == "[]"


def test_a_script_that_only_connects_loads_no_widgets() -> None:
    code = "import autobench_nb, sys; autobench_nb.connect; print('anywidget' in sys.modules)"
    assert python(code) == "False"


def test_the_widgets_are_not_loaded_before_one_is_shown() -> None:
    code = (
        "import autobench_nb as ab, sys\n"
        "with ab.Orchestrator() as bench:\n"
        "    print('anywidget' in sys.modules)\n"
    )
    assert python(code) == "False"


def test_types_are_shipped() -> None:
    assert (Path(autobench_nb.__file__).parent / "py.typed").is_file()


def test_the_version_is_that_of_the_package() -> None:
    major, minor, patch = autobench_nb.__version__.split(".")[:3]
    assert (int(major), int(minor)) >= (0, 1)
    assert patch
