"""The names of colours that log entries carry, as the AutoBench98 client reads them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "blue": "#60a5fa",
        "yellow": "#facc15",
        "green": "#22c55e",
        "magenta": "#f472b6",
        "cyan": "#22d3ee",
        "red": "#ef4444",
        "white": "#e5e7eb",
        "purple": "#a78bfa",
    }
)
"""What each name looks like in that client and in ours. An entry's ``color`` is one of these names, or, where the user
gave a channel a colour of its own, any other CSS colour."""
