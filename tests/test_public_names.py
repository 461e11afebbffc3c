"""What is public is listed, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import autobench_nb
from tests import public_api

NAMES = {
    "AutoBenchError",
    "Client",
    "Config",
    "Dashboard",
    "Journal",
    "JournalReader",
    "DaskExecutor",
    "Ffmpeg",
    "Level",
    "LogPane",
    "Metadata",
    "Orchestrator",
    "Parameter",
    "Projection",
    "Recipe",
    "RecipeRun",
    "Run",
    "Spec",
    "StatePane",
    "StatusBadge",
    "Step",
    "comparable",
    "connect",
    "current_job",
    "load_recipe",
    "open_journal",
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


def test_parameters_attributes_columns_and_settings_are_those_that_were_promised() -> None:
    said = "python -m tests.public_api writes it anew; what goes away is named in the changelog"
    assert public_api.text() == public_api.FILE.read_text("utf-8"), said


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


HEAVY = ("pandas", "pyarrow", "numpy", "tornado", "asyncio", "ssl", "anywidget")


def test_an_orchestrator_that_logs_and_sets_loads_nothing_heavy() -> None:
    code = (
        "import autobench_nb as ab, sys\n"
        "bench = ab.Orchestrator()\n"
        "bench.log('app').info('hello', n=1)\n"
        "bench.state.set('/devices/a', {'type': 't'})\n"
        "bench.devices.add('b', type='t'); bench.pno.start(); list(bench.devices); len(bench.results)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    assert python(code) == "[]"


def test_jobs_are_run_and_read_without_what_makes_tables() -> None:
    code = (
        "import autobench_nb as ab, sys\n"
        "with ab.Orchestrator() as bench:\n"
        "    bench.run('true').wait()\n"
        "    bench.results[0], bench.jobs[bench.results[0].job_id], [one.message for one in bench.logs]\n"
        "print([m for m in ('pandas', 'pyarrow', 'tornado') if m in sys.modules])\n"
    )
    assert python(code) == "[]"


def test_a_client_loads_nothing_that_makes_tables_before_one_is_made() -> None:
    code = (
        "import autobench_nb as ab, sys\n"
        "with ab.Orchestrator() as bench:\n"
        "    with ab.connect(bench.serve().url) as client:\n"
        "        bench.devices.add('a', type='t')\n"
        "        client.wait_for(lambda one: 'a' in one.devices)\n"
        "        print([m for m in ('pandas', 'pyarrow') if m in sys.modules])\n"
        "        print(client.devices.to_pandas()['id'].tolist())\n"
    )
    assert python(code) == "[]\n['a']"


def test_the_help_of_the_command_line_loads_neither_server_nor_tables() -> None:
    code = (
        "import sys\n"
        "from autobench_nb.cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    print([m for m in ('pandas', 'pyarrow', 'numpy', 'tornado') if m in sys.modules])\n"
    )
    assert python(code).endswith("\n[]")


def test_a_module_that_stands_in_for_another_gives_what_the_other_has() -> None:
    code = (
        "import sys\n"
        "from autobench_nb.lazy import LazyModule\n"
        "lazy = LazyModule('colorsys')\n"
        "print('colorsys' in sys.modules)\n"
        "import colorsys\n"
        "print(lazy.rgb_to_hsv is colorsys.rgb_to_hsv, 'rgb_to_hsv' in vars(lazy))\n"
        "try:\n"
        "    lazy.nonsense\n"
        "except AttributeError as error:\n"
        "    print('nonsense' in str(error))\n"
    )
    assert python(code).split() == ["False", "True", "True", "True"]


def test_types_are_shipped() -> None:
    assert (Path(autobench_nb.__file__).parent / "py.typed").is_file()


def test_the_version_is_that_of_the_package() -> None:
    major, minor, patch = autobench_nb.__version__.split(".")[:3]
    assert (int(major), int(minor)) >= (0, 1)
    assert patch
