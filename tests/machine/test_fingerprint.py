"""What a machine is, read from trees of files of many kinds of machines, and from this one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autobench_nb.contract.machine import MachineRecord
from autobench_nb.machine import Fingerprint, System, read_fingerprint
from autobench_nb.machine.fingerprint import FingerprintReader
from autobench_nb.machine.noise import NoiseMeter
from autobench_nb.machine.tools import programs_named, version_in
from tests.machine import trees

KINDS: dict[str, tuple[Mapping[str, str], dict[str, Any], dict[str, Any]]] = {
    "laptop": (
        trees.LAPTOP,
        {},
        {
            "cpu_model": "Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", "cores": 4, "processors": 8,
            "max_mhz": 4800.0, "governor": "powersave", "turbo": True, "smt": True,
            "memory_bytes": 16_384_000_000, "os": "Debian GNU/Linux 12 (bookworm)",
            "kernel": "Linux 6.1.0-18-amd64", "virtualization": "none", "container": "none",
            "cgroup": 2, "cpu_limit": None, "memory_limit_bytes": None,
        },
    ),
    "desktop without SMT and boost, governors mixed": (
        trees.AMD_DESKTOP,
        {},
        {"governor": "performance,schedutil", "turbo": False, "smt": False, "cores": 16, "cgroup": None},
    ),
    "virtual machine": (
        trees.VIRTUAL,
        {},
        {"virtualization": "kvm", "governor": None, "turbo": None, "smt": True, "cores": 1, "processors": 2},
    ),
    "container, cgroup 2": (
        trees.CONTAINER_V2,
        {},
        {"container": "docker", "cgroup": 2, "cpu_limit": 1.5, "memory_limit_bytes": 536_870_912},
    ),
    "pod, the limit stands above": (
        trees.NESTED_V2,
        {},
        {"container": "kubernetes", "cpu_limit": 0.5, "memory_limit_bytes": 1_000_000},
    ),
    "container, cgroup 1, the host's path": (
        trees.CONTAINER_V1,
        {},
        {"container": "docker", "cgroup": 1, "cpu_limit": 2.0, "memory_limit_bytes": 268_435_456},
    ),
    "cgroup 1 without limits": (
        trees.UNLIMITED_V1,
        {},
        {"cgroup": 1, "cpu_limit": None, "memory_limit_bytes": None, "container": "none"},
    ),
    "podman": ({**trees.VIRTUAL, "/run/.containerenv": ""}, {}, {"container": "podman"}),
    "nspawn": ({**trees.VIRTUAL, "/run/systemd/container": "systemd-nspawn\n"}, {}, {"container": "systemd-nspawn"}),
    "kubernetes": (trees.VIRTUAL, {"environ": {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}}, {"container": "kubernetes"}),
    "Arm board": (
        trees.ARM_BOARD,
        {"architecture": "aarch64"},
        {"cpu_model": "BCM2835", "cores": 2, "processors": 2, "smt": False, "governor": "ondemand",
         "virtualization": None},
    ),
    "Arm cloud": (
        trees.ARM_CLOUD,
        {"architecture": "aarch64"},
        {"cpu_model": "implementer 0x41 part 0xd0c", "virtualization": "kvm", "processors": 1, "cores": None},
    ),
    "WSL": (trees.WINDOWS_LINUX, {"release": "5.15.0-microsoft-standard-WSL2"}, {"virtualization": "wsl"}),
    "macOS": (
        trees.MAC,
        {"name": "Darwin", "release": "23.5.0", "architecture": "arm64", "program": trees.sysctl},
        {"cpu_model": "Apple M2", "cores": 8, "smt": False, "memory_bytes": 17_179_869_184, "os": "macOS 14.5",
         "governor": None, "virtualization": "none", "container": "none"},
    ),
    "nothing to read": (trees.NOTHING, {"name": "", "release": "", "host": "", "architecture": ""}, {"kernel": None}),
    "odd files": (trees.ODD, {}, {"cpu_limit": None, "memory_limit_bytes": None, "smt": None, "memory_bytes": None}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_machine_is_read_for_what_it_is(kind: str, tmp_path: Path) -> None:
    files, more, expected = KINDS[kind]
    found = read_fingerprint(tmp_path, system=trees.planted(tmp_path, files, **more))
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_each_absent_value_has_a_reason_and_each_reason_an_absent_value(
    kind: str, tmp_path: Path
) -> None:
    files, more, _ = KINDS[kind]
    system = trees.planted(tmp_path, files, **more)
    record = read_fingerprint(tmp_path, system=system).record(0.0)
    named = {"host", "architecture", "kernel"} if kind == "nothing to read" else set()
    empty = {name for name, value in record.items() if value is None} - named
    assert set(record["absent"]) == empty
    assert all(reason for reason in record["absent"].values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_brings_the_same_fingerprint_back(kind: str, tmp_path: Path) -> None:
    files, more, _ = KINDS[kind]
    found = read_fingerprint(tmp_path, system=trees.planted(tmp_path, files, **more))
    record = found.record(1.0)
    assert record.keys() == MachineRecord.__annotations__.keys()
    back = Fingerprint.from_record(record)
    assert back == found
    assert back.id == record["id"]


def test_the_id_changes_with_a_value_and_not_with_a_reason(tmp_path: Path) -> None:
    one = Fingerprint(cpu_model="A", governor="performance", tools={"gcc": "12", "as": "1"})
    assert one.id != Fingerprint(cpu_model="A", governor="powersave").id
    same = Fingerprint(
        cpu_model="A",
        governor="performance",
        tools={"as": "1", "gcc": "12"},
        absent={"turbo": "no driver"},
    )
    assert one.id == same.id


def test_this_machine_is_read_as_its_own_programs_tell_it(tmp_path: Path) -> None:
    found = read_fingerprint(tmp_path)
    assert found.processors == os.cpu_count()
    assert found.usable == len(os.sched_getaffinity(0))
    assert found.kernel == " ".join((os.uname().sysname, os.uname().release))
    assert found.memory_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert found.tools["python"].startswith("3.")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_commit_is_that_of_the_working_folder_and_a_changed_file_is_seen(
    tmp_path: Path,
) -> None:
    def read() -> Fingerprint:
        return FingerprintReader().read(tmp_path / "below")

    (tmp_path / "below").mkdir()
    outside = read()
    assert (outside.commit, outside.dirty) == (None, None)
    assert "no working tree" in outside.absent["commit"]
    git(tmp_path, "init", "-q")
    assert "no commit yet" in read().absent["commit"]
    (tmp_path / "a.c").write_text("int a;")
    git(tmp_path, "add", "a.c")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "notes.txt").write_text("not tracked")
    clean = read()
    assert (clean.commit, clean.dirty) == (git(tmp_path, "rev-parse", "HEAD"), False)
    assert "commit" not in clean.absent
    (tmp_path / "a.c").write_text("int b;")
    changed = read()
    assert (changed.commit, changed.dirty) == (clean.commit, True)
    git(tmp_path, "commit", "-qam", "second")
    moved = read()
    assert (moved.commit != clean.commit, moved.dirty) == (True, False)


def test_a_folder_that_is_gone_and_a_git_that_fails_are_reasons(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    broken = FingerprintReader().read(tmp_path)
    assert (broken.commit, broken.dirty) == (None, None)
    assert "git" in broken.absent["commit"]


def test_versions_are_those_of_the_well_known_programs_that_a_command_names(
    tmp_path: Path,
) -> None:
    for name in ("gzip", "rm", "mytool"):
        program = tmp_path / name
        program.write_text(
            f"#!/bin/sh\necho asked >> {tmp_path}/asked-{name}\necho '{name} 1.12'\n"
        )
        program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    reader = FingerprintReader(System(environ={"PATH": path}))
    for _ in range(3):
        tools = reader.read(tmp_path, ["gzip -9c f | wc -c; rm x; ./mytool; gzip"]).tools
    assert tools["gzip"] == "1.12"
    assert "rm" not in tools
    assert "mytool" not in tools
    assert (tmp_path / "asked-gzip").read_text() == "asked\n"
    assert not (tmp_path / "asked-rm").exists()


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("gzip 1.12\nCopyright 2018", "1.12"),
        ("gcc (Debian 12.2.0-14) 12.2.0", "12.2.0-14"),
        ("ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024", "5.1.6-0+deb12u1"),
        ("go version go1.22.3 linux/amd64", "1.22.3"),
        ("v18.19.0", "18.19.0"),
        ('openjdk version "17.0.11" 2024-04-16', "17.0.11"),
        ("less 590 (GNU regular expressions)", "590"),
        ("\nXZ Utils\nxz 5.4", "5.4"),
        ("no number", None),
        ("", None),
        (None, None),
    ],
)
def test_a_version_is_found_in_what_a_program_says(said: str | None, version: str | None) -> None:
    assert version_in(said) == version


def test_only_whole_words_name_programs() -> None:
    named = programs_named(["/usr/bin/gzip -c x > gzipped", "LC_ALL=C xz -k f && (zstd f)", ""])
    assert named == ["gzip", "xz", "zstd"]


def test_the_reasons_for_missing_noise_stand_beside_the_others(tmp_path: Path) -> None:
    system = trees.planted(tmp_path, trees.VIRTUAL)
    absent = NoiseMeter(system).absent
    found = read_fingerprint(tmp_path, system=system, noise_absent=absent)
    assert found.absent["cpuMhz"] == absent["cpuMhz"]
    assert found.absent["governor"]
