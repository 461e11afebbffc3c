from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.logs.query.typescript import TypeScript
from tests.node import install_modules


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TypeScript]:
    install_modules()
    peer = TypeScript(tmp_path_factory.mktemp("query"))
    yield peer
    peer.close()
