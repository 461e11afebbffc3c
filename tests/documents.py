"""The code blocks of a page, and what runs them: python in one namespace a page, shell lines in a temporary home.

What stands right before a block, as a comment that no reader of the site sees, says how it is run:

- ``<!-- not run: REASON -->``: it cannot be, here. A test counts these, so that one more is noticed.
- ``<!-- goes on -->``: a shell block that serves until the page has ended; its first line of output is waited for.
- ``<!-- fails -->``: a shell block that ends with an exit status other than 0.
- ``<!-- may raise: NAME -->``: python that raises such an error where the machine is as it says.
- ``<!-- file: NAME -->``: its text is written to a file of the page's folder.

A ``text`` block shows what the block before it has printed; ``...`` in it stands for whatever stood there.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from autobench_nb import Client, Orchestrator
from autobench_nb.logs.query import query
from autobench_nb.recipes.load import parse_recipe

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
BLOCK = re.compile(
    r"^(?P<marks>(?:<!-- [^\n]* -->\n)*)```(?P<kind>[\w{}-]*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"<!-- (not run|goes on|fails|may raise|file)(?:: ([^\n]*))? -->")
SHELL = frozenset({"bash", "sh", "console"})
UNREAD = frozenset({"", "ebnf", "query-errors"})
SERVED = re.compile(r"http://127\.0\.0\.1:(?:8765|43121)(?=[/\s'\"]|$)")
URL = re.compile(r"http://127\.0\.0\.1:\d+")


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
    text = page.read_text("utf-8")
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            text.count("\n", 0, found.start("kind")) + 1,
            found["kind"],
            found["text"],
            dict(MARK.findall(found["marks"])),
        )
        for found in BLOCK.finditer(text)
        if not found["kind"].startswith("{")
    ]


def is_shown(text: str, printed: str) -> bool:
    """Whether ``text`` is what was printed, its ``...`` standing for anything."""
    pieces = [re.escape(piece) for piece in text.strip().split("...")]
    return re.fullmatch(".*?".join(pieces), printed.strip(), re.DOTALL) is not None


class PageRun:
    """Runs one page's blocks, one after the other, in ``folder``, which is the working directory and the home."""

    def __init__(self, folder: Path, setups: Mapping[str, str]) -> None:
        self.folder = folder
        self.setups = dict(setups)
        self.names: dict[str, Any] = {}
        self.printed: str | None = None
        self.counts: dict[str, int] = {}
        self._going: list[subprocess.Popen[bytes]] = []
        self._url: str | None = None

    async def run(self, block: Block) -> None:
        """Run a block, or look at what it shows. Raises what its code raises, and AssertionError with its place."""
        for wanted in [one for one in self.setups if one in block.text]:
            await self._python(self.setups.pop(wanted), f"<setup of {block.page}>")
        if "file" in block.marks:
            (self.folder / block.marks["file"]).write_text(block.text, "utf-8")
        if "not run" in block.marks:
            self.printed = None
            return
        if block.kind == "python":
            await self._run_python(block)
        elif block.kind in SHELL:
            self.printed = await asyncio.to_thread(self._shell, block)
        elif block.kind == "text":
            assert self.printed is not None, f"{block.place}: shown, and nothing was run before it"
            assert is_shown(block.text, self.printed), (
                f"{block.place} shows\n{block.text}\nand this was printed\n{self.printed}"
            )
        else:
            look_at(block)
        self.counts[block.kind] = self.counts.get(block.kind, 0) + 1

    def close(self) -> None:
        """End what the page has started: orchestrators, clients, servers."""
        # A page may give a name to something else: what it had opened under that name is still open.
        kinds = (Client, Orchestrator)
        found = [one for one in gc.get_objects() if type(one) in kinds]
        for one in sorted(found, key=lambda one: kinds.index(type(one))):
            one.close()
        for process in self._going:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()

    async def _run_python(self, block: Block) -> None:
        self.printed = None  # where it raises, what stands below it is not compared with what was printed above
        try:
            self.printed = await self._python(self._addressed(block.text), block.place)
        except Exception as error:  # whatever a page's code raises
            if type(error).__name__ != block.marks.get("may raise"):
                raise

    async def _python(self, code: str, place: str) -> str:
        return await run_cell(code, self.names, place)

    def _addressed(self, text: str) -> str:
        """The text with the addresses of examples replaced by that of what serves here."""
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
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
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
    """Run code as a notebook's cell is run, ``await`` included; gives what it has printed."""
    out = io.StringIO()
    compiled = compile(code, place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(out):
        result = eval(compiled, names)
        if inspect.isawaitable(result):
            await result
    return out.getvalue()


def not_run() -> Iterator[Block]:
    """Every block that is marked as one that cannot run here."""
    for page in PAGES:
        yield from (block for block in blocks_of(page) if "not run" in block.marks)
