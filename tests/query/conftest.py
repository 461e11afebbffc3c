from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.node import JS
from tests.query.typescript import TypeScript


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TypeScript]:
    if not (JS / "node_modules" / "esbuild").is_dir():
        pytest.skip("js/node_modules is missing: run npm ci in js/")
    peer = TypeScript(tmp_path_factory.mktemp("query"))
    yield peer
    peer.close()
