"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

E2E = Path(__file__).parent / "e2e"

# An example that takes long on a busy machine is no fault of the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run two at once (``-n 2 --dist loadgroup``): a file is one's, and so are all that drive a browser."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = "a browser" if E2E in item.path.parents else str(item.path)
            item.add_marker(pytest.mark.xdist_group(group))
