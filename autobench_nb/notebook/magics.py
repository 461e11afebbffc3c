"""``%%bench`` and ``%bench``: a cell, or the rest of a line, as a job."""

from __future__ import annotations

import ast
import inspect
import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from autobench_nb.errors import AutoBenchError, JobError
from autobench_nb.ipython import running_shell

OPTIONS: Final = """\
Run a cell as a job: its output goes into the log, and its time is measured.

  %%bench [-n NAME] [-r REPEAT] [-w WARMUP] [-t SECONDS] [-o VARIABLE] [-b]
  %bench  [the same options] STATEMENT

The code runs in the notebook's namespace, in a thread of its own; the last expression is the job's value.

  -n, --name NAME        what the job is called
  -r, --repeat REPEAT    measured repetitions (default: 1)
  -w, --warmup WARMUP    repetitions before them that are not measured
  -t, --timeout SECONDS  that each repetition may take
  -o, --out VARIABLE     where the run is put, besides being shown
  -b, --background       go on at once: the cell does not wait for the job
"""
SHORT: Final = "n:r:w:t:o:b"
LONG: Final = ("name=", "repeat=", "warmup=", "timeout=", "out=", "background")


class Bench(Protocol):
    """An orchestrator, as far as it is used here."""

    def run(self, work: Any, **how: Any) -> Any:
        """Queue work; returns its run."""
        ...


_newest: list[weakref.ref[Bench]] = []
_numbers = itertools.count(1)


def offer(bench: Bench) -> None:
    """Have the magics use ``bench`` from now on; where this process has a shell, they are there."""
    shell = running_shell()
    if shell is None:
        return
    _newest.append(weakref.ref(bench))
    del _newest[:-16]
    load(shell)


def load(shell: Any) -> None:
    """Make ``%bench`` and ``%%bench`` known to an IPython shell."""
    if hasattr(shell, "register_magic_function"):
        shell.register_magic_function(bench_magic, magic_kind="line_cell", magic_name="bench")


def bench_magic(line: str, cell: str | None = None) -> Any:
    """Run a cell as a job; see ``%bench?``."""
    shell = running_shell()
    options, rest = _read_options(shell, line)
    if cell is None:
        source = rest
    elif rest.strip():
        raise JobError(f"%%bench does not know what {rest.strip()!r} is.\n\n{OPTIONS}")
    else:
        source = cell
    if not source.strip():
        raise JobError(f"there is nothing to run.\n\n{OPTIONS}")
    name = options.get("name") or _named_after(source)
    function = as_callable(shell.transform_cell(source), shell.user_ns, name)
    run = _bench(shell).run({name: function}, **_how(options))
    variable = options.get("out")
    if variable is not None:
        if not variable.isidentifier():
            raise JobError(f"-o {variable} is no name of a variable.")
        shell.user_ns[variable] = run
    if "background" not in options:
        run.wait()
    return run


bench_magic.__doc__ = OPTIONS


def as_callable(source: str, namespace: dict[str, Any], name: str) -> Callable[[], Any]:
    """Python source as a callable that runs it in ``namespace`` and returns what its last expression gives.

    Args:
        source: Statements; ``await`` may stand outside of functions.
        namespace: Whose names it reads and binds.
        name: What tracebacks call it.

    Raises:
        SyntaxError: The source is no Python.
    """
    file = f"<bench {next(_numbers)}: {name}>"
    tree = ast.parse(source, file)
    last = tree.body[-1] if tree.body else None
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    # A semicolon at the end hides a value in a notebook, here too.
    is_value = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    if is_value:
        tree.body.pop()
    body = compile(tree, file, "exec", flags=flags)
    value = compile(ast.Expression(last.value), file, "eval", flags=flags) if is_value else None  # type: ignore[union-attr]
    # Tracebacks show the lines.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    waits = any(code is not None and code.co_flags & inspect.CO_COROUTINE for code in (body, value))

    async def run_and_await() -> Any:
        for code in (body, value):
            result = None if code is None else eval(code, namespace)
            if (
                inspect.iscoroutine(result)
                and code is not None
                and code.co_flags & inspect.CO_COROUTINE
            ):
                result = await result
        return result

    def run() -> Any:
        if waits:
            return run_and_await()
        exec(body, namespace)
        return None if value is None else eval(value, namespace)

    run.__qualname__ = run.__name__ = name
    return run


def _read_options(shell: Any, line: str) -> tuple[dict[str, str], str]:
    """The options by their long names, and the rest of the line."""
    from IPython.core.error import UsageError
    from IPython.core.magic import Magics

    try:
        read, rest = Magics(shell).parse_options(line, SHORT, *LONG, posix=False, strict=False)
    except UsageError as error:
        raise JobError(f"{error}\n\n{OPTIONS}") from None
    names = {option[0]: option.rstrip("=") for option in LONG}
    found = {names.get(key, key): str(value).strip("\"'") for key, value in read.items()}
    return found, str(rest)


def _how(options: Mapping[str, str]) -> dict[str, Any]:
    how: dict[str, Any] = {}
    for name in ("repeat", "warmup"):
        if name in options:
            try:
                how[name] = int(options[name])
            except ValueError:
                raise JobError(f"--{name} {options[name]}: give a whole number.") from None
    if "timeout" in options:
        try:
            how["timeout_s"] = float(options["timeout"].removesuffix("s"))
        except ValueError:
            raise JobError(f"--timeout {options['timeout']}: give seconds.") from None
    return how


def _named_after(source: str) -> str:
    line = next(line.strip() for line in source.splitlines() if line.strip())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _bench(shell: Any) -> Bench:
    """The orchestrator that was made last and is still open; one that the namespace calls ``bench`` goes before."""
    named = shell.user_ns.get("bench")
    kept = [bench for one in reversed(_newest) if (bench := one()) is not None]
    if named is not None and any(named is one for one in kept):
        kept.insert(0, named)
    for bench in kept:
        if not getattr(bench, "is_closed", False):
            return bench
    raise AutoBenchError(
        "there is no orchestrator to run it: make one first, bench = ab.Orchestrator()."
    )
