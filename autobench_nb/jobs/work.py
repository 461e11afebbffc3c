"""What is asked for, read into jobs: pure."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from autobench_nb.errors import JobError
from autobench_nb.state.model import JobKind

Item = str | Sequence[str | os.PathLike[str]] | Callable[[], Any]
Work = Item | Sequence[Item] | Mapping[str, Item]

SHELL: Final = "/bin/sh"
MAX_TIMEOUT_S: Final = 1e9
"""Thirty years: clocks of the system take no more than so much and some."""
MAX_PRIORITY: Final = 1_000_000
NAME_LIMIT: Final = 120
"""Characters of a command that serve as its job's name."""


@dataclass(frozen=True, slots=True)
class How:
    """How each job of a run is done: times in seconds, ``env`` laid over the process's own (None removes).

    ``isolate``: callables run in processes of their own. ``cpus``: numbers of the processors that it is bound to;
    ``nice``: what is added to its niceness. ``priority``: those of a higher one start first.
    ``resources``: what it needs where it runs, by name, for executors that know some. ``stays``: all that is done for
    it is done at one place; ``makes_cwd``: its working directory is made where it is not there: both for executors that
    run it elsewhere.
    """

    repeat: int = 1
    warmup: int = 0
    timeout_s: float | None = None
    cwd: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    pty: bool = False
    isolate: bool = False
    stdin: bool = False
    keep_daemons: bool = False
    subtract_shell: bool = False
    cpus: tuple[int, ...] | None = None
    nice: int | None = None
    priority: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    stays: bool = False
    makes_cwd: bool = False

    def __post_init__(self) -> None:
        if not _is_whole(self.repeat) or self.repeat < 1:
            raise JobError(
                f"repeat={self.repeat!r} is not possible: give a whole number, 1 or more."
            )
        if not _is_whole(self.warmup) or self.warmup < 0:
            raise JobError(
                f"warmup={self.warmup!r} is not possible: give a whole number, 0 or more."
            )
        limit = self.timeout_s
        if limit is not None and not (_is_real(limit) and 0 < limit <= MAX_TIMEOUT_S):
            raise JobError(
                f"timeout_s={limit!r} is not possible: give seconds above 0, at most {MAX_TIMEOUT_S:,.0f}, or None."
            )
        if not _is_whole(self.priority) or abs(self.priority) > MAX_PRIORITY:
            raise JobError(
                f"priority={self.priority!r} is not possible: give a whole number, at most {MAX_PRIORITY:,}."
            )
        if self.nice is not None and not (_is_whole(self.nice) and -20 <= self.nice <= 19):
            raise JobError(f"nice={self.nice!r} is not possible: give a whole number, -20 to 19.")
        if self.cpus is not None and not (
            self.cpus and all(_is_whole(cpu) and 0 <= cpu < 65_536 for cpu in self.cpus)
        ):
            raise JobError(
                f"cpus={list(self.cpus)!r} is not possible: give the numbers of processors, such as [0, 1]."
            )
        if self.cwd is not None and not _can_be_passed(self.cwd):
            raise JobError(f"cwd={self.cwd!r} is not possible: {_NOT_PASSED}.")
        for name, value in self.env.items():
            if not _can_be_passed(name) or not name or "=" in name:
                raise JobError(f"env: {name!r} is no name of a variable.")
            if value is not None and not _can_be_passed(value):
                raise JobError(
                    f"env: {name}={value!r} is not possible: give text, or None to remove it."
                )


@dataclass(frozen=True, slots=True)
class Task:
    """One job's work: a command (``argv``) or a ``function``; ``command`` is how it is shown."""

    name: str
    kind: JobKind
    command: str
    argv: tuple[str, ...] = ()
    shell: bool = False
    function: Callable[[], Any] | None = None


def read_work(work: Work, *, name: str | None = None, shell: bool | str = True) -> list[Task]:
    """The tasks that ``work`` asks for.

    ``work`` is one item, a list of items or ``{label: item}``; an item is a shell command (text), an argument vector
    (a list of texts **within** a list or dict, or a tuple) or a callable without arguments. ``shell``: the shell that
    text goes to (True: ``/bin/sh``); False: text is split into words as a shell would, and run without one.
    Raises :class:`JobError` naming the item.
    """
    if isinstance(work, Mapping):
        if not work:
            raise JobError("there is nothing to run: the dict is empty.")
        return [_task(item, str(label), shell) for label, item in work.items()]
    if isinstance(work, Sequence) and not isinstance(work, (str, tuple)):
        if not work:
            raise JobError("there is nothing to run: the list is empty.")
        tasks = [_task(item, None, shell) for item in work]
        if name is not None and len(tasks) > 1:
            return [
                _task(item, f"{name}: {task.name}", shell)
                for item, task in zip(work, tasks, strict=True)
            ]
        return tasks if name is None else [_task(work[0], name, shell)]
    return [_task(work, name, shell)]


def _task(item: Any, name: str | None, shell: bool | str) -> Task:
    if isinstance(item, str):
        if not item.strip() or not _can_be_passed(item):
            raise JobError(f"{item!r} is no command: give the text of one, {_WITHOUT}.")
        return _command(item, name, shell)
    if isinstance(item, Sequence) and not isinstance(item, (bytes, bytearray)):
        words = tuple(_word(word, item) for word in item)
        if not words or not words[0]:
            raise JobError(f"{item!r} names no program: give its name or path first.")
        shown = shlex.join(words)
        return Task(name or _short(shown), JobKind.COMMAND, shown, words)
    if callable(item):
        shown = _callable_name(item)
        return Task(name or shown, JobKind.CALLABLE, shown, function=item)
    raise JobError(
        f"{item!r:.100} cannot be run: give a shell command (text), a list of arguments or a callable."
    )


def _command(text: str, name: str | None, shell: bool | str) -> Task:
    name = name or _short(text)
    if shell is not False:
        program = SHELL if shell is True else shell
        return Task(name, JobKind.COMMAND, text, (program, "-c", text), shell=True)
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise JobError(f"{text!r} cannot be split into words: {error}.") from None
    if not words:
        raise JobError(f"{text!r} names no program.")
    return Task(name, JobKind.COMMAND, text, words)


def _word(word: Any, item: Any) -> str:
    text = os.fspath(word) if isinstance(word, (str, os.PathLike)) else None
    if not _can_be_passed(text):
        raise JobError(
            f"{word!r:.100} in {item!r:.100} is no argument: give text {_WITHOUT}. "
            "Several commands go into a list of their own; an argument vector within it is a list."
        )
    return text


_WITHOUT: Final = "without NUL characters and lone surrogates"
_NOT_PASSED: Final = f"give text {_WITHOUT}"


def _can_be_passed(text: object) -> TypeGuard[str]:
    """Whether the system can take it to a program: text that has an encoding, without the end that C sees in NUL."""
    if not isinstance(text, str) or "\0" in text:
        return False
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _callable_name(item: Callable[..., Any]) -> str:
    inner = getattr(item, "func", item)  # functools.partial
    return str(getattr(inner, "__qualname__", None) or type(inner).__qualname__)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NAME_LIMIT else f"{line[: NAME_LIMIT - 1]}…"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def limit_of(name: str, value: int) -> int:
    """``value``, a number of jobs. Raises :class:`JobError` naming the argument where it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise JobError(f"{name}={value!r} is not possible: give a whole number, 1 or more.")
    return value
