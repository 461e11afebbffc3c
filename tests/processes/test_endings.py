"""How a command ended, in words."""

from __future__ import annotations

import errno
import signal

from autobench_nb.processes.endings import EndKind, ending_of, why_not_started


def test_exit_status_zero_succeeds() -> None:
    assert ending_of(0, shell=True) == (EndKind.EXITED, 0, None, None)


def test_another_exit_status_fails_and_is_said() -> None:
    assert ending_of(3 << 8, shell=False) == (EndKind.EXITED, 3, None, "exit status 3")


def test_a_death_by_signal_names_the_signal() -> None:
    ending = ending_of(signal.SIGKILL, shell=False)
    assert ending == (
        EndKind.SIGNALLED,
        None,
        "SIGKILL",
        "killed by SIGKILL (signal 9), out of memory?",
    )
    assert ending_of(signal.SIGSEGV, shell=False).reason == "killed by SIGSEGV (signal 11)"


def test_a_shell_says_what_became_of_its_command() -> None:
    assert (
        ending_of(127 << 8, shell=True).reason == "exit status 127: command not found by the shell"
    )
    assert "SIGKILL (signal 9), out of memory?" in str(ending_of(137 << 8, shell=True).reason)
    assert ending_of(137 << 8, shell=False).reason == "exit status 137"


def test_why_a_program_was_not_started_is_said_with_its_name() -> None:
    assert why_not_started(errno.ENOENT, "nix", None).startswith("command not found: 'nix'")
    assert "working directory '/nowhere/at/all'" in why_not_started(
        errno.ENOENT, "ls", "/nowhere/at/all"
    )
    assert "no #! line" in why_not_started(errno.ENOEXEC, "x", None)
