"""The starter: its machine code is what its source says, and what it measures is the program alone."""

from __future__ import annotations

import os
import resource
import sys

import pytest

from autobench_nb.processes.command import ProcessSpec
from autobench_nb.processes.endings import EndKind
from autobench_nb.processes.launcher import machine_code
from autobench_nb.processes.launcher.starter import make_starter, read_record, spawn
from autobench_nb.processes.launchers import Launchers
from tests.processes.assemble import PREFIXES, assemble
from tests.processes.conftest import Started, shell


@pytest.mark.parametrize("machine", PREFIXES)
def test_the_machine_code_is_what_the_assembler_makes_of_its_source(machine: str) -> None:
    code = assemble(machine)
    if code is None:
        pytest.skip(f"no GNU assembler for {machine} is installed")
    assert code == getattr(machine_code, machine.upper())


def test_this_machine_has_a_starter() -> None:
    starter = make_starter()
    assert starter is not None
    null = os.open(os.devnull, os.O_RDWR)
    path = sys.executable
    argv = [path, "-I", "-S", "-c", "raise SystemExit(7)"]
    pid, records = spawn(starter, path, argv, {}, [null] * 3, terminal=False)
    record = read_record(records)
    os.waitpid(pid, 0)
    for descriptor in (starter, null, records):
        os.close(descriptor)
    assert record is not None
    assert os.waitstatus_to_exitcode(record.wait_status) == 7
    assert record.pid != pid
    assert 0 < record.user_s + record.system_s <= record.wall_s + 0.05


def peak(launchers: Launchers, *argv: str) -> int | None:
    command = ProcessSpec(argv=argv, cwd="/", env=dict(os.environ))
    report = Started(launchers, command).wait()
    assert report.ending.succeeded
    assert report.usage is not None
    return report.usage.peak_bytes


def test_the_peak_memory_of_a_small_program_is_its_own(launchers: Launchers) -> None:
    found = peak(launchers, "true")
    assert found is not None
    assert found < 3_000_000


def test_without_a_starter_a_small_programs_peak_memory_is_empty_and_never_the_launchers() -> None:
    launchers = Launchers(starter=False)
    assert peak(launchers, "true") is None
    large = peak(launchers, sys.executable, "-I", "-S", "-c", "x = b'x' * 100_000_000")
    assert large is not None
    assert large > 100_000_000
    launchers.close()


def test_without_a_starter_a_program_that_is_not_there_is_still_not_started() -> None:
    launchers = Launchers(starter=False)
    command = ProcessSpec(argv=("/no/such/program",), cwd="/", env={})
    assert Started(launchers, command).wait().ending.kind is EndKind.NOT_STARTED
    launchers.close()


def test_this_process_is_larger_than_what_was_measured() -> None:
    """Else the two tests above could not fail."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > 20_000_000


def test_a_program_is_found_on_its_own_path(
    launchers: Launchers, tmp_path: os.PathLike[str]
) -> None:
    program = os.path.join(tmp_path, "prog")
    with open(program, "w") as file:
        file.write("#!/bin/sh\necho found\n")
    os.chmod(program, 0o755)
    started = Started(
        launchers, ProcessSpec(argv=("prog",), cwd="/", env={"PATH": f"/nowhere:{tmp_path}"})
    )
    assert started.wait().ending.succeeded
    assert started.sinks["stdout"].data == b"found\n"


def test_a_program_has_no_descriptors_but_its_own(launchers: Launchers) -> None:
    started = Started(launchers, shell("ls /proc/self/fd"))
    assert started.wait().ending.succeeded
    # 3 is the folder that ls reads.
    assert started.sinks["stdout"].data.split() == [b"0", b"1", b"2", b"3"]
