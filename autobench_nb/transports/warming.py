"""Encoding the state for a snapshot in parts, so that the loop has its turns in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from autobench_nb.state.store import StateStore

WARM_PARTS: Final = 64
"""Parts of the snapshot (of a wide map: 128 keys each) that are encoded before the loop gets its turn again."""
WARM_EAGER_S: Final = 0.1
WARM_LIMIT_S: Final = 1.0
"""A state that changes faster than it can be encoded is cut after this time, warm or not."""
RETRY_S: Final = 0.005
"""When to ask again where a batch was open."""


async def warm(store: StateStore, tell: Callable[[str, Exception], None]) -> None:
    """Encode what is stale, until all is fresh or :data:`WARM_LIMIT_S` is over.

    ``tell`` hears of what could not be encoded; the flush meets it again, and mends it.
    """
    loop = asyncio.get_running_loop()
    begin = loop.time()
    try:
        while not store.warm(WARM_PARTS):
            took = loop.time() - begin
            if took > WARM_LIMIT_S:
                return
            # After a while it is more likely that a batch is open than that the state is so large.
            await asyncio.sleep(0 if took < WARM_EAGER_S else RETRY_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, others wait for the flush
        tell("A part of the state could not be encoded.", error)
