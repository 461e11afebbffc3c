"""The one error tree: every error that this package raises on purpose.

::

    AutoBenchError
    ├── ConfigError            a setting has a value that it cannot have        (ValueError)
    ├── OptionError            an argument has a name that nothing takes        (TypeError)
    ├── StateError             a mutation or a read of the state was refused; names its path
    │   ├── PointerError       the text is no RFC 6901 pointer                  (ValueError)
    │   ├── PathError          nothing stands at that pointer                   (LookupError)
    │   ├── SchemaError        the value has the wrong type for its place       (TypeError)
    │   └── PatchError         an RFC 6902 operation cannot be applied          (ValueError)
    ├── RecipeError            a recipe cannot be run as it is written          (ValueError)
    ├── QueryError             the log query cannot be read; names its column   (ValueError)
    ├── ProtocolError          a message breaks the wire contract; has a code
    ├── TransportError
    │   ├── PortError          the port is taken or cannot be bound             (OSError)
    │   ├── AuthenticationError  the server refused the token
    │   └── ConnectionLost     the link ended and was not made again in time    (ConnectionError)
    ├── JournalError           the journal cannot be used; names its file       (RuntimeError)
    │   └── JournalInUse       another orchestrator writes it; names that one
    ├── JobError               a run was asked for that cannot be               (ValueError)
    ├── StreamError            a stream cannot do what it was asked for         (RuntimeError)
    ├── RunError               not all jobs of a run have succeeded; names them (RuntimeError)
    ├── DeviceError            a device has not done what it was asked for      (RuntimeError)
    ├── ComparisonError        two measurements may not be compared; says why   (ValueError)
    ├── CommandError           the server refused a command; has a code
    └── ClosedError            the orchestrator, client or server is closed     (RuntimeError)

Each message states the fact and then the remedy. What goes over the wire is a code and a chosen sentence, never
``str(error)`` of something unforeseen.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class RecipeProblem(Protocol):
    """One thing that is wrong with a recipe."""

    def text(self, file: str = "") -> str:
        """The problem in one line, as compilers write it."""
        ...


class AutoBenchError(Exception):
    """The root: ``except AutoBenchError`` catches everything this package raises on purpose."""


class ConfigError(AutoBenchError, ValueError):
    """A setting has a value that it cannot have.

    Attributes: ``variable`` (the environment variable or argument), ``value`` (as given), ``accepts`` (in words).
    """

    def __init__(self, variable: str, value: object, accepts: str) -> None:
        super().__init__(f"{variable}={value!r} is not possible: it takes {accepts}.")
        self.variable = variable
        self.value = value
        self.accepts = accepts


class OptionError(AutoBenchError, TypeError):
    """An argument has a name that nothing takes.

    Attributes: ``option`` (the name as given), ``options`` (those that are taken).
    """

    def __init__(self, where: str, option: str, options: Iterable[str]) -> None:
        from difflib import (
            get_close_matches,  # takes a while to import, and is needed for mistakes alone
        )

        self.option = option
        self.options = tuple(options)
        near = get_close_matches(option.lower(), self.options, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"it takes {', '.join(self.options)}."
        super().__init__(f"{where} takes no {option}: {remedy}")


class StateError(AutoBenchError):
    """A mutation or a read of the state was refused; nothing changed. ``path`` is the pointer."""

    def __init__(self, path: str, fact: str) -> None:
        # A path may hold what UTF-8 cannot carry, and an error has to be printed by whoever meets it.
        shown = path.encode(errors="backslashreplace").decode()
        super().__init__(f"{shown or '(whole state)'}: {fact}")
        self.path = path


class PointerError(StateError, ValueError):
    """The text is no RFC 6901 pointer."""


class PathError(StateError, LookupError):
    """Nothing stands at that pointer."""


class SchemaError(StateError, TypeError):
    """The value has the wrong type for its place, or is no JSON value."""


class PatchError(StateError, ValueError):
    """An RFC 6902 operation cannot be applied, or its test failed."""


class QueryError(AutoBenchError, ValueError):
    """The log query cannot be read.

    Args:
        message: What is wrong, without the place.
        offset: Characters of the query that stand before the place.
        expected: What could stand there, in words.

    Attributes: ``column`` (where in the query, in characters, counted from 1 as on the wire), ``expected``.
    """

    def __init__(self, message: str, offset: int, expected: str) -> None:
        self.column = offset + 1
        super().__init__(f"{message} at column {self.column}: expected {expected}.")
        self.expected = expected


class RecipeError(AutoBenchError, ValueError):
    """A recipe cannot be run as it is written.

    Attributes: ``file`` (its name), ``problems`` (each with a place, a fact and a remedy; in the order of the text).
    """

    def __init__(self, file: str, problems: Sequence[RecipeProblem]) -> None:
        super().__init__("\n".join(problem.text(file) for problem in problems))
        self.file = file
        self.problems = tuple(problems)


class ProtocolError(AutoBenchError):
    """A message breaks the wire contract. ``code`` is what the wire says, e.g. ``bad-json``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransportError(AutoBenchError):
    """The way to the other side failed."""


class PortError(TransportError, OSError):
    """The port is taken or cannot be bound. ``port`` is its number."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen on {host}:{port}: {reason}. Give another port, or port=0 for any free one."
        )
        self.port = port


class AuthenticationError(TransportError):
    """The server refused the token, or there was none."""


class ConnectionLost(TransportError, ConnectionError):
    """The link ended and could not be made again in the time given."""


class JournalError(AutoBenchError, RuntimeError):
    """The journal cannot be used. ``path`` is its file."""

    def __init__(self, path: str, fact: str) -> None:
        # A path may hold what UTF-8 cannot carry, and an error has to be printed by whoever meets it.
        shown = path.encode(errors="backslashreplace").decode()
        super().__init__(f"the journal {shown} cannot be used: {fact}")
        self.path = path


class JournalInUse(JournalError):
    """Another orchestrator writes the journal.

    Attributes: ``pid`` (of its process; None where it cannot be read), ``host`` and ``notebook`` (where it runs).
    """

    def __init__(self, path: str, pid: int | None, host: str | None, notebook: str | None) -> None:
        who = "another orchestrator" if pid is None else f"the orchestrator of process {pid}"
        where = f" on {host}" if host else ""
        notebook_told = f", notebook {notebook}" if notebook else ""
        super().__init__(
            path,
            f"{who}{where}{notebook_told} writes it: close that one first, name another path, or read it with "
            f"open_journal().",
        )
        self.pid = pid
        self.host = host
        self.notebook = notebook


class JobError(AutoBenchError, ValueError):
    """A run was asked for that cannot be."""


class StreamError(AutoBenchError, RuntimeError):
    """A stream cannot do what it was asked for: it does not run, gives no picture, or cannot be recorded so."""


class RunError(AutoBenchError, RuntimeError):
    """Not all jobs of a run have succeeded.

    Attributes: ``run_id``, and ``reasons``: why not, by the job's id, in the order of the run.
    """

    def __init__(self, message: str, run_id: str, reasons: Mapping[str, str]) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.reasons = dict(reasons)


class DeviceError(AutoBenchError, RuntimeError):
    """A device has not done what it was asked for.

    Attributes: ``device`` (its id), ``action``, ``fate`` (``failed``, ``refused``, ``timeout``, ``cancelled``),
    ``reason``.
    """

    def __init__(self, device: str, action: str, fate: str, reason: str) -> None:
        super().__init__(f"{device}: {action} {fate}: {reason}.")
        self.device = device
        self.action = action
        self.fate = fate
        self.reason = reason


class ComparisonError(AutoBenchError, ValueError):
    """Two measurements may not be compared.

    Attributes: ``reasons``: pairs of a code and the sentence that says it.
    """

    def __init__(self, reasons: Sequence[tuple[str, str]]) -> None:
        told = "; ".join(f"{code}: {text}" for code, text in reasons)
        super().__init__(
            f"not comparable: {told}. Measure both again side by side, or allow what does not matter "
            "here with allow={...}."
        )
        self.reasons = tuple(reasons)


class CommandError(AutoBenchError):
    """The server refused a command. ``code`` is the wire's, e.g. ``not-found``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ClosedError(AutoBenchError, RuntimeError):
    """The orchestrator, client or server is closed, and takes nothing more."""


def text_of(error: BaseException) -> str:
    """What an error says of itself; whoever raises may have written a ``__str__`` that raises too."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is foreign code, and what is told of the error must not fail by it
        return "its text cannot be had"


def reason_of(error: BaseException) -> str:
    """The kind of an error and what it says, for people."""
    return f"{type(error).__name__}: {text_of(error)}"


def is_meant_for_the_program(error: BaseException) -> bool:
    """Whether it interrupts or ends what the user runs: raised by a callback on a thread of ours, it would end that."""
    is_ending = isinstance(error, (KeyboardInterrupt, SystemExit))
    return is_ending and threading.current_thread() is threading.main_thread()
