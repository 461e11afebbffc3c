"""The standalone server as a tile of a Jupyter server's launcher, by jupyter-server-proxy.

Named in ``pyproject.toml`` as an entry point of ``jupyter_serverproxy_servers``. The Jupyter server knows who may use
it, and proves itself to ours with a token that it alone has: whoever opens the tile is signed in.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from autobench_nb.config import TOKEN_VARIABLE
from autobench_nb.transports.auth import ANY_HOST, new_token

ICON: Final = Path(__file__).with_name("launcher_tile.svg")
START_S: Final = 30.0
"""How long the proxy waits for the first answer: on a busy hub a new process takes a while."""


def server_process() -> dict[str, Any]:
    """How jupyter-server-proxy starts the server at ``<base>autobench/``, and what it sends along with each request."""
    token = new_token()
    return {
        "command": [sys.executable, "-m", "autobench_nb.cli", "serve", "--port", "{port}"],
        # The name of the hub is known to the proxy alone, and nobody else has the token.
        "environment": {TOKEN_VARIABLE: token, "AUTOBENCH_ALLOWED_HOSTS": ANY_HOST},
        "request_headers_override": {"Authorization": f"Bearer {token}"},
        "timeout": START_S,
        "launcher_entry": {"title": "AutoBench", "icon_path": str(ICON)},
    }
