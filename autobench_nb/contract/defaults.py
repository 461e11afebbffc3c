"""What ``serverConfig`` says where nobody has set anything, and what a client does before it has heard it."""

from __future__ import annotations

from typing import Final

from autobench_nb.contract.levels import LevelName
from autobench_nb.contract.records import ServerConfig, ServerConfigWs

WS_DEFAULTS: Final[ServerConfigWs] = {
    "heartbeatIntervalMs": 10_000,
    "heartbeatTimeoutMs": 5_000,
    "reconnectEnabled": True,
    "reconnectMinMs": 1_000,
    "reconnectMaxMs": 15_000,
    "reconnectFactor": 1.8,
    "reconnectJitter": 0.2,
}
SERVER_CONFIG: Final[ServerConfig] = {
    "logs": {"snapshot": 200, "capacity": 500, "allowedChannels": [], "minLevel": LevelName.DEBUG},
    "ws": WS_DEFAULTS,
    "flushIntervalMs": 50,
}
"""``allowedChannels`` is empty here only: a server lists the channels that it knows."""
