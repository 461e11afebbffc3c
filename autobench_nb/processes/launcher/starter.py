"""Starts a program so that what is measured is the program, and nothing of what started it (Linux).

What Linux bills to a program begins before it: a new program inherits the peak memory of the process that it was
forked from (``setmax_mm_hiwater_rss`` in the kernel's ``exec_mmap``), and a copy of a Python process between ``fork``
and ``exec`` costs a millisecond of CPU time. So Python does not start the program itself. It starts the *starter*, a
program of a page of memory without libc, that starts the program with ``vfork``, takes the time right before that and
right after ``wait4``, and passes on what ``wait4`` says. It stays the program's parent.

The starter is 50 instructions of assembly (``starters/*.S``), kept as machine code since nobody's machine can be
expected to have an assembler. It is run from memory (``memfd_create``). Where it cannot be had (another processor,
no ``/proc``, a policy against it), :mod:`autobench_nb.processes.launcher.forked` does the same, less exactly.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from autobench_nb.processes.launcher.machine_code import AARCH64, X86_64

RECORD_BYTES: Final = 192
_RECORD: Final = struct.Struct("<q 2q 2q 4q q 104x i i")
"""pid; start; end; user and system time, peak memory in KiB (of ``struct rusage``); wait status; errno."""
_MACHINES: Final = {"x86_64": (62, X86_64), "aarch64": (183, AARCH64)}
"""``e_machine`` of ELF, and the code."""
_LOAD_ADDRESS: Final = 0x400000
_ABOVE: Final = 10
"""The lowest descriptor that the starter's own file may have: 0 to 3 are given to the program and the record."""
IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)


class StarterRecord(NamedTuple):
    """What the starter says of its program. Seconds of the monotonic clock, bytes, ``wait``'s status, an errno."""

    pid: int
    wall_s: float
    user_s: float
    system_s: float
    peak_bytes: int
    wait_status: int
    errno: int

    @classmethod
    def parse(cls, data: bytes) -> StarterRecord:
        """Read the 192 bytes."""
        (
            pid,
            start,
            start_ns,
            end,
            end_ns,
            user,
            user_us,
            system,
            system_us,
            peak,
            status,
            errno,
        ) = _RECORD.unpack(data)
        return cls(
            pid,
            (end - start) + (end_ns - start_ns) / 1e9,
            user + user_us / 1e6,
            system + system_us / 1e6,
            peak * 1024,
            status,
            errno,
        )


def make_starter() -> int | None:
    """A descriptor of the starter, ready to be executed; None where this system cannot have one."""
    machine, code = _MACHINES.get(os.uname().machine, (0, b""))
    if sys.platform != "linux" or not code or sys.maxsize < 2**32:
        return None
    try:
        import fcntl

        first = os.memfd_create("autobench-starter", os.MFD_CLOEXEC)
        try:
            file = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
        finally:
            os.close(first)
        os.write(file, _elf(machine, code))
    except OSError:
        return None
    if _works(file):
        return file
    os.close(file)
    return None


def spawn(
    starter: int,
    path: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    places: Sequence[int],
    *,
    terminal: bool,
) -> tuple[int, int]:
    """Start a program; gives the starter's pid, and a descriptor from which its record can be read.

    ``places``: what becomes the descriptors 0, 1 and 2. ``terminal``: 0 becomes the controlling terminal.
    """
    records, theirs = os.pipe()
    try:
        pid = os.posix_spawn(
            f"/proc/self/fd/{starter}",
            ["t" if terminal else "-", path, *argv],
            env,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, place, number) for number, place in enumerate(places)),
                (os.POSIX_SPAWN_DUP2, theirs, 3),
            ],
            setsigdef=IGNORED_BY_PYTHON,
            setsigmask=(),
        )
    except BaseException:
        # Whatever it is goes to the caller, an interrupt too; the pipe that nobody will write to is closed before.
        os.close(records)
        raise
    finally:
        os.close(theirs)
    return pid, records


def read_record(records: int) -> StarterRecord | None:
    """The record, when the program has ended; None where the starter was killed before."""
    data = os.read(records, RECORD_BYTES)
    return StarterRecord.parse(data) if len(data) == RECORD_BYTES else None


def _elf(machine: int, code: bytes) -> bytes:
    """An ELF file of one segment that holds the code (System V ABI, chapters 4 and 5)."""
    head = 64 + 56
    size = head + len(code)
    file_header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        2,
        machine,
        1,
        _LOAD_ADDRESS + head,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    # One readable and executable segment: the file as it is.
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x10000)
    return file_header + segment + code


def _works(starter: int) -> bool:
    """Whether a program that is not there is found not to be there."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        pid, records = spawn(starter, "/dev/null/no", ["no"], {}, [null] * 3, terminal=False)
    except OSError:
        return False
    finally:
        os.close(null)
    record = read_record(records)
    os.close(records)
    os.waitpid(pid, 0)
    return record is not None and record.errno != 0
