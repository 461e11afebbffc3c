"""A real kernel, without a notebook around it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
ANSWER_S = 60.0
DIGESTS = 1_000
"""Jupyter's sessions remember the digests of the messages that they have heard, 65,536 by default: some ten megabytes,
which an hour fills, and which would pass for a leak."""


class SoakKernel:
    """What a notebook does with its kernel: cells, and widget messages, by ``manager``."""

    def __init__(self, manager: KernelManager) -> None:
        self._manager = manager
        self._client = self.client()
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        # The answer to this is the first sign of life.
        self._ask("from tests.soak import inside", "None")

    def client(self) -> BlockingKernelClient:
        """One more that talks with it: a session of its own, since answers go to whose session asked."""
        made = BlockingKernelClient()
        made.session.digest_history_size = DIGESTS
        made.load_connection_file(self._manager.connection_file)
        return made

    def call(self, expression: str) -> Any:
        """The value of an expression of :mod:`tests.soak.inside`, in a cell of its own."""
        return self._ask("", f"inside.{expression}")

    def begin(self, expression: str) -> str:
        """Have a cell run it; :meth:`ended` waits for its end."""
        return str(self._client.execute(f"inside.{expression}", store_history=False))

    def ended(self, cell: str) -> None:
        """Wait for the end of that cell."""
        self._reply(cell)

    def close(self) -> None:
        self._client.stop_channels()

    def _ask(self, code: str, expression: str) -> Any:
        cell = self._client.execute(
            code, store_history=False, user_expressions={"value": expression}
        )
        told = self._reply(cell)["user_expressions"]["value"]
        if told["status"] != "ok":
            raise RuntimeError("\n".join(told["traceback"]))
        return ast.literal_eval(told["data"]["text/plain"])

    def _reply(self, cell: str) -> dict[str, Any]:
        while True:
            message = self._client.get_shell_msg(timeout=ANSWER_S)
            if message["parent_header"].get("msg_id") != cell:
                continue
            content: dict[str, Any] = message["content"]
            if content["status"] != "ok":
                raise RuntimeError("\n".join(content.get("traceback", ["the cell failed"])))
            return content


@contextmanager
def running_kernel(home: Path) -> Iterator[SoakKernel]:
    """A kernel, all whose files are in ``home``."""
    manager = KernelManager(connection_file=str(home / "kernel.json"))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(home / "ipython")}
    with (home / "kernel.log").open("wb") as log:
        few = [f"--Session.digest_history_size={DIGESTS}"]
        manager.start_kernel(cwd=str(home), env=env, stdout=log, stderr=log, extra_arguments=few)
    try:
        kernel = SoakKernel(manager)
        try:
            yield kernel
        finally:
            kernel.close()
    finally:
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()
