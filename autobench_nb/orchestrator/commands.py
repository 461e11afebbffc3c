"""The registry of commands: each room brings its own, and the transports answer clients from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autobench_nb.transports.commands import Command


class Commands(Mapping[str, Command]):
    """Handlers by the command's name. A room hands its own to :meth:`add`; nothing else knows which there are."""

    def __init__(self) -> None:
        self._handlers: dict[str, Command] = {}

    def add(self, handlers: Mapping[str, Command]) -> None:
        """Take a room's handlers.

        Raises:
            ValueError: Another room has brought a command of that name.
        """
        twice = sorted(self._handlers.keys() & handlers.keys())
        if twice:
            raise ValueError(f"two rooms bring the same command: {', '.join(twice)}")
        self._handlers.update(handlers)

    def __getitem__(self, name: str) -> Command:
        return self._handlers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)
