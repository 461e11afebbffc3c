"""The code blocks of a page, and what runs them: python in one namespace a page, shell lines in a temporary home.

What stands right before a block, as a comment that no reader of the site sees, says how it is run:

- ``<!-- not run: REASON -->``: it cannot be, here. A test counts these, so that one more is noticed.
- ``<!-- needs: MODULES -->``: it is run where these can be imported; the tests' environment lacks them. Counted, too.
- ``<!-- goes on -->``: a shell block that serves until the page has ended; its first line of output is waited for.
- ``<!-- fails -->``: a shell block of one line that ends with an exit status other than 0.
- ``<!-- raises: NAME -->``: python that raises such an error; its sentence counts as printed, however it is wrapped.
- ``<!-- may raise: NAME -->``: python that raises such an error where the machine is as it says.
- ``<!-- file: NAME -->``: its text is written to a file of the page's folder.
- ``<!-- for example: THIS | THAT -->``: before a ``text`` block: what stands for a name or number of the reader's own.

A ``text`` block shows what the block before it has printed; ``...`` in it stands for whatever stood there.

What a page names and nobody has at hand (a power meter, a cluster, a hub) is really there while the page runs, under
another name: ``PageRun.places`` says which.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import importlib.util
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from IPython.core.interactiveshell import InteractiveShell
from markdown_it import MarkdownIt
from ruamel.yaml import YAML
from traitlets.config import Config

from autobench_nb import Client, Orchestrator, ipython
from autobench_nb.logs.query import query
from autobench_nb.notebook.magics import offer
from autobench_nb.recipes.load import parse_recipe

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
)
BLOCK = re.compile(
    r"^(?P<marks>(?:<!-- [^\n]* -->\n)*)```(?P<kind>[\w{}-]*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(
    r"<!-- (not run|needs|goes on|fails|raises|may raise|file|for example)(?:: ([^\n]*))? -->"
)
SHELL = frozenset({"bash", "sh", "console"})
DIRECTIVES = frozenset({"{toctree}", "{include}", "{eval-rst}"})
"""Blocks of the site's own that hold no code."""
UNREAD = frozenset({"", "ebnf", "query-errors"})
SERVED = re.compile(r"http://127\.0\.0\.1:(?:8765|43121)(?=[/\s'\"]|$)")
URL = re.compile(r"http://127\.0\.0\.1:\d+")


Setup: TypeAlias = "str | Callable[[PageRun], None]"


@dataclass(frozen=True)
class Block:
    """One fenced block, with where it stands and what its marks say."""

    page: str
    line: int
    kind: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, but for what is the site's own (``{toctree}`` and its like)."""
    return blocks_in(page.read_text("utf-8"), page.relative_to(ROOT).as_posix())


def escaped(text: str) -> list[int]:
    """The lines where a reader sees code that :func:`blocks_in` does not: indented, quoted, in a directive."""
    tokens = MarkdownIt("commonmark").parse(text)
    taken = {block.line for block in blocks_in(text)}
    lines = []
    for token in tokens:
        is_code = (
            token.type in ("fence", "code_block") and token.info.split(" ")[0] not in DIRECTIVES
        )
        holds_code = bool(re.search(r"<pre\b|\bcode-?block\b|^ *```", token.content, re.M))
        if token.map is None or (token.type == "inline" and not holds_code):
            continue
        if (is_code and token.map[0] + 1 not in taken) or (not is_code and holds_code):
            lines.append(token.map[0] + 1)
    return lines


def blocks_in(text: str, page: str = "page.md") -> list[Block]:
    """The blocks of a page's text."""
    return [
        Block(
            page,
            text.count("\n", 0, found.start("kind")) + 1,
            found["kind"],
            found["text"],
            dict(MARK.findall(found["marks"])),
        )
        for found in BLOCK.finditer(text)
        if not found["kind"].startswith("{")
    ]


def is_shown(text: str, printed: str, examples: str = "") -> bool:
    """Whether ``text`` is what was printed, its ``...`` and each of its examples standing for anything."""
    anything = ["...", *filter(None, (one.strip() for one in examples.split("|")))]
    pieces = re.split("|".join(map(re.escape, anything)), text.strip())
    pattern = ".*?".join(map(re.escape, pieces))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def lacks(block: Block) -> list[str]:
    """The modules that a block needs and that are not here."""
    return [one for one in block.marks.get("needs", "").split() if not can_import(one)]


def can_import(module: str) -> bool:
    """Whether there is such a module; it is not imported."""
    return importlib.util.find_spec(module) is not None


class PageRun:
    """Runs one page's blocks, one after the other, in ``folder``, which is the working directory and the home.

    Attributes:
        setups: What is done before a block, by a piece of its text: Python, or a function of this run.
        checks: Python that is run after a block, by a piece of its text: whether that has done what it says.
        names: The page's namespace.
        places: What is put in place of names that a page has for what is elsewhere.
        ends: What has to end when the page has.
        printed: What the last block has printed; None where nothing is known of it.
    """

    def __init__(
        self, folder: Path, setups: Mapping[str, Setup], checks: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.setups = dict(setups)
        self.checks = dict(checks or {})
        self.names: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.ends = contextlib.ExitStack()
        self.printed: str | None = None
        self.counts: dict[str, int] = {}
        self._is_a_sentence = False
        self._going: list[subprocess.Popen[bytes]] = []
        self._url: str | None = None

    async def run(self, block: Block) -> None:
        """Run a block, or look at what it shows. Raises what its code raises, and AssertionError with its place."""
        is_left_out = "not run" in block.marks or bool(lacks(block))
        for wanted in [one for one in self.setups if one in block.text]:
            setup = self.setups.pop(wanted)
            if is_left_out:
                continue
            if isinstance(setup, str):
                await self._python(setup, f"<setup of {block.page}>")
            else:
                setup(self)
        if "file" in block.marks:
            (self.folder / block.marks["file"]).write_text(block.text, "utf-8")
        if is_left_out:
            self.printed = None
        else:
            await self._run(block)
        for wanted in [one for one in self.checks if one in block.text]:
            check = self.checks.pop(wanted)
            if not is_left_out:
                await self._python(self._addressed(check), f"<check of {block.place}>")

    async def _run(self, block: Block) -> None:
        if block.kind == "python":
            await self._run_python(block)
        elif block.kind in SHELL:
            self.printed = await asyncio.to_thread(self._shell, block)
        elif block.kind == "text":
            assert self.printed is not None, f"{block.place}: shown, and nothing was run before it"
            text = self._addressed(block.text)
            text = " ".join(text.split()) if self._is_a_sentence else text
            assert is_shown(text, self.printed, block.marks.get("for example", "")), (
                f"{block.place} shows\n{block.text}\nand this was printed\n{self.printed}"
            )
        else:
            look_at(block)
        self.counts[block.kind] = self.counts.get(block.kind, 0) + 1

    def close(self) -> None:
        """End what the page has started: orchestrators, clients, servers."""
        # A page may give a name to something else: what it had opened under that name is still open.
        kinds = (Client, Orchestrator)
        gc.collect()  # one that was refused is none, and hangs on its error alone
        found = [one for one in gc.get_objects() if type(one) in kinds]
        for one in sorted(found, key=lambda one: kinds.index(type(one))):
            one.close()
        self.ends.close()
        for process in self._going:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()

    async def _run_python(self, block: Block) -> None:
        self.printed = None  # where it raises, what stands below it is not compared with what was printed above
        self._is_a_sentence = False
        wanted = block.marks.get("raises")
        try:
            self.printed = await self._python(self._addressed(block.text), block.place)
        except Exception as error:  # whatever a page's code raises
            if type(error).__name__ not in (wanted, block.marks.get("may raise")):
                raise
            if wanted is not None:
                self.printed = " ".join(f"{wanted}: {error}".split())
                self._is_a_sentence = True
        else:
            assert wanted is None, f"{block.place}: raised no {wanted}"

    async def _python(self, code: str, place: str) -> str:
        return await run_cell(code, self.names, place)

    def _addressed(self, text: str) -> str:
        """The text with the addresses of examples replaced by that of what serves here."""
        for example, here in self.places.items():
            text = text.replace(example, here)
        server = getattr(self.names.get("bench"), "server", None)
        found = URL.match(server.url) if server is not None else None
        url = self._url or (found[0] if found else None)
        return SERVED.sub(url, text) if url else text

    def _shell(self, block: Block) -> str:
        """Run shell lines; give what they print on both streams, as a terminal would show it."""
        text = self._addressed(block.text)
        if block.kind == "console":
            text = "".join(line[2:] for line in text.splitlines(True) if line.startswith("$ "))
        command = ["bash", "-euo", "pipefail", "-c", text]
        if "goes on" in block.marks:
            text = re.sub(r"--port 8765", "--port 0", text)
            return self._keep_going([*command[:-1], text], block)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        fails = "fails" in block.marks
        # Of several lines nobody would know which one has failed.
        assert not fails or text.count("\n") == 1, f"{block.place}: fails, and has several lines"
        assert (done.returncode != 0) == fails, (
            f"{block.place}: exit status {done.returncode}\n{done.stdout}"
        )
        return done.stdout

    def _keep_going(self, command: list[str], block: Block) -> str:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._going.append(process)
        assert process.stdout is not None
        said = ""
        while not (found := URL.search(said)):
            line = process.stdout.readline().decode()
            assert line, f"{block.place}: ended with {process.wait()}\n{said}"
            said += line
        self._url = found[0]
        return said

    def _environment(self) -> dict[str, str]:
        programs = [str(self.folder / "bin"), str(Path(sys.executable).parent)]
        path = os.pathsep.join([*programs, os.environ.get("PATH", "")])
        return {**os.environ, "PATH": path, "HOME": str(self.folder), "COLUMNS": "100"}


def look_at(block: Block) -> None:
    """Read what is data. Raises where the block is not what it says that it is."""
    match block.kind:
        case "yaml":
            said = YAML(typ="safe").load(block.text)
            if isinstance(said, dict) and str(said.get("apiVersion", "")).startswith("autobench/"):
                parse_recipe(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "json":
            json.loads(block.text)
        case "query":
            for line in block.text.splitlines():
                query.parse(line)
        case kind:
            assert kind in UNREAD, f"{block.place}: no word on how a block of {kind} is checked"


async def run_cell(code: str, names: dict[str, Any], place: str = "<cell>") -> str:
    """Run code as a notebook's cell is run, ``await`` and ``%%bench`` included; gives what it has printed."""
    out = io.StringIO()
    if code.startswith("%"):
        with contextlib.redirect_stdout(out):
            await asyncio.to_thread(_run_magic, code, names)
        return out.getvalue()
    compiled = compile(code, place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(out):
        result = eval(compiled, names)
        if inspect.isawaitable(result):
            await result
    return out.getvalue()


def _run_magic(code: str, names: dict[str, Any]) -> None:
    """Run a cell that begins with a magic in an IPython shell whose names are the page's."""
    settings = Config()
    settings.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=settings)
    try:
        own = set(shell.user_ns)
        for made in [one for one in names.values() if isinstance(one, Orchestrator)]:
            offer(made)  # as it would have offered itself, had a notebook made it
        shell.user_ns.update(names)
        run_cell: Any = shell.run_cell
        run_cell(code, store_history=False).raise_error()
        names.update({name: shell.user_ns[name] for name in shell.user_ns if name not in own})
    finally:
        InteractiveShell.clear_instance()
        ipython._cells = None


def marked(mark: str) -> Iterator[Block]:
    """Every block that has a mark, such as ``not run``."""
    for page in PAGES:
        yield from (block for block in blocks_of(page) if mark in block.marks)
