"""``autobench-nb serve``: one orchestrator, until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.orchestrator.orchestrator import Orchestrator

ONE_LINK: Final = (
    f"The link signs one browser in, once, within ten minutes. For more browsers, scripts or restarts, set "
    f"{TOKEN_VARIABLE} to a secret of your own and start again: the page then asks for it."
)


def _on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, act: Callable[[], None]
) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # the loops of Windows have none
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


async def serve_until_told(options: argparse.Namespace) -> int:
    """Serve a new orchestrator as the options say. Returns the exit status."""
    settings = {} if options.log_capacity is None else {"log_capacity": options.log_capacity}
    with Orchestrator(**settings) as bench:
        await serve_here(bench, options.host, options.port, says_more=True)
    return 0


async def serve_here(
    bench: Orchestrator,
    host: str,
    port: int,
    meanwhile: Callable[[], object] = lambda: None,
    *,
    says_more: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM, and do ``meanwhile`` on a thread.

    ``says_more``: how a second browser signs in is said beside the link, on stderr.

    Raises:
        Exception: Whatever ``meanwhile`` raises ends the serving.
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        _on_signal(loop, number, told.set)
    server = bench.serve(host=host, port=port)
    # The token stays out of terminals, journals and histories: a link with a code is worth nothing once it was used.
    if os.environ.get(TOKEN_VARIABLE):
        print(server.url, flush=True)
    else:
        print(server.login_url, flush=True)
        if says_more:
            print(ONE_LINK, file=sys.stderr, flush=True)
    work: asyncio.Future[None] = loop.create_future()

    def done(error: Exception | None) -> None:
        if not work.done():
            if error is None:
                work.set_result(None)
            else:
                work.set_exception(error)

    def run() -> None:
        failure: Exception | None = None
        try:
            meanwhile()
        except Exception as error:  # noqa: BLE001 - handed to the loop, which raises it again
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(done, failure)

    # A daemon: it may hang in the opening of a pipe that nobody writes to, and must not hold up the end.
    threading.Thread(target=run, name="replay", daemon=True).start()
    ended = asyncio.create_task(told.wait())
    either: set[asyncio.Future[Any]] = {work, ended}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()  # what it could not do is this command's failure
        await ended
    server.close()
    await server.wait_closed()
