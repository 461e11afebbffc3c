"""The launcher: a small process that starts commands for the runner, one after the other. Run as a script.

Why not start them from the notebook's own process? Because of what Linux counts: a new program inherits the peak
memory of the process that it was started from (``setmax_mm_hiwater_rss`` in the kernel's ``exec_mmap``), so that
``true``, started from a notebook of 400 MB, has "used" 400 MB. Started from here it is 7 MB. And because of ends: when
the notebook's process dies, even by SIGKILL, the launcher sees its socket close and ends what it started.

It uses nothing but the standard library, imports little, and has one thread, so that ``fork`` is safe. The socket is
its standard input. Each request is a line of JSON with the output's descriptors, each answer a line of JSON; single
bytes to it while a command runs are signals for the command's process group.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any, NoReturn

POLL_S = 0.02
FORGET = 0
PARENT_GONE_GRACE_S = 0.5


def main() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    wake, alarm = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(alarm, False)
    signal.signal(signal.SIGCHLD, wake_up)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    sock = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while True:
        request, descriptors = receive(sock)
        if request is None:
            return
        launch(sock, wake, request, descriptors)


def wake_up(*_: object) -> None:
    """So that the signal is caught; the wake-up descriptor says the rest."""


def receive(sock: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next request and its descriptors; ``None`` when the runner is gone."""
    data = b""
    descriptors: list[int] = []
    while not data.endswith(b"\n"):
        try:
            more, taken, _, _ = socket.recv_fds(sock, 1 << 20, 4)
        except ConnectionResetError:  # the runner died with answers unread
            return None, descriptors
        descriptors += taken
        if not more:
            return None, descriptors
        data += more
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    # Signals that came too late for the last command stand before the request.
    return json.loads(data[data.index(b"{") :]), descriptors


def launch(sock: socket.socket, wake: int, request: dict[str, Any], descriptors: list[int]) -> None:
    broken, report = os.pipe()  # both close on exec: no byte means that exec has succeeded
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        become(request, descriptors, report)
    os.close(report)
    for descriptor in descriptors:
        os.close(descriptor)
    number = os.read(broken, 16)
    os.close(broken)
    if number:
        os.waitpid(pid, 0)
        answer(sock, failed=int(number))
        return
    answer(sock, pid=pid)
    try:
        watch(sock, wake, pid, started)
    except BaseException:  # noqa: BLE001 - the runner is gone, or anything else: nothing may be left behind
        end_all(pid)


def become(request: dict[str, Any], descriptors: list[int], report: int) -> NoReturn:
    """In the child: its own session, its descriptors, its folder, and then the program."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (
            signal.SIGPIPE,
            signal.SIGXFSZ,
            signal.SIGCHLD,
        ):  # Python ignores the first two
            signal.signal(number, signal.SIG_DFL)
        if request["pty"]:
            take_terminal(descriptors[0])
            places = [descriptors[0]] * 3
        else:
            places = [0, descriptors[0], descriptors[1]]
        for place, descriptor in enumerate(places):
            if place != descriptor:
                os.dup2(descriptor, place)
        os.set_inheritable(0, True)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        os.write(report, str(error.errno or 1).encode())
    except BaseException:  # noqa: BLE001 - nothing may ever run on in the copy of the launcher
        os.write(report, b"22")
    finally:
        os._exit(127)


def take_terminal(descriptor: int) -> None:
    """Make the pty the session's controlling terminal."""
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def watch(sock: socket.socket, wake: int, pid: int, started: float) -> None:
    """Until the command has ended and its process group is empty, or the runner lets go of it."""
    ended = False
    while True:
        readable, _, _ = select.select([sock.fileno(), wake], [], [], POLL_S if ended else None)
        if wake in readable:
            drain(wake)
        if sock.fileno() in readable:
            numbers = sock.recv(64)
            if not numbers:
                raise ConnectionResetError
            for number in numbers:
                if number == FORGET:
                    answer(sock, gone=False)
                    return
                send(pid, number)
        if not ended:
            done, status, usage = os.wait4(pid, os.WNOHANG)
            if not done:
                continue
            ended = True
            unit = 1 if sys.platform == "darwin" else 1024
            answer(
                sock,
                status=status,
                wall=time.monotonic() - started,
                user=usage.ru_utime,
                system=usage.ru_stime,
                rss=usage.ru_maxrss * unit,
            )
        if not is_alive(pid):
            answer(sock, gone=True)
            return


def drain(wake: int) -> None:
    try:
        while os.read(wake, 512):
            pass
    except BlockingIOError:
        pass


def send(group: int, number: int) -> bool:
    """Signal a process group; False when there is none any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # all that is left runs as another user
        pass
    return True


def is_alive(group: int) -> bool:
    """Whether anything in the process group still runs; zombies that a careless init does not reap do not count."""
    if not send(group, 0):
        return False
    members = 0
    try:
        for name in os.listdir("/proc"):
            if name.isdigit():
                state, member_of = state_of(name)
                members += member_of == group and state not in "ZX"
    except OSError:  # no /proc here: what kill said holds
        return True
    return members > 0


def state_of(pid: str) -> tuple[str, int]:
    """A process's state and group, from ``/proc/PID/stat``; its second field, in brackets, may hold anything."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, _, group = file.read().rpartition(b")")[2].split()[:3]
    except (OSError, ValueError):  # it has just ended
        return "X", 0
    return state.decode(), int(group)


def end_all(group: int) -> NoReturn:
    """The runner's process is gone: leave nothing behind."""
    send(group, signal.SIGTERM)
    until = time.monotonic() + PARENT_GONE_GRACE_S
    while time.monotonic() < until:
        if not is_alive(group):
            os._exit(0)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(POLL_S)
    send(group, signal.SIGKILL)
    os._exit(0)


def answer(sock: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):  # the runner is gone: the next read says so
        sock.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
