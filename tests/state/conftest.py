from __future__ import annotations

import pytest

from autobench_nb.state import PNO_SUMMARY, StateStore


@pytest.fixture
def store() -> StateStore:
    """A store with one device and the pno projection, flushed."""
    store = StateStore(projections=[PNO_SUMMARY])
    store.set("/devices/cap0", {"type": "capture", "status": "ready"})
    store.flush()
    return store
