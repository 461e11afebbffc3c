"""The formats that are known: those of the package, and those that a user adds before them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from autobench_nb.errors import ConfigError
from autobench_nb.logs.formats.definition import Format, read_formats

CODED: Final = ("json", "logfmt")
"""Formats that no pattern can say."""
_FILES: Final = ("systems", "servers", "languages", "tools", "dates")


@cache
def builtin_formats() -> tuple[Format, ...]:
    """The package's own definitions, specific ones before generic ones. Read once, when first needed."""
    found: list[Format] = []
    for name in _FILES:
        source = files("autobench_nb.logs.formats") / "definitions" / f"{name}.toml"
        found += read_formats(source.read_text("utf-8"), f"{name}.toml", is_trusted=True)
    return tuple(sorted(found, key=lambda one: one.generic))


class Catalogue:
    """Formats in the order in which they are tried.

    Args:
        added: A user's own definitions; they go before the package's.
        only: The name of the one format to read (with ``plain`` none at all); default: whichever fits.

    Raises:
        ConfigError: No format has that name; the error lists those there are.
    """

    def __init__(self, added: Sequence[Format] = (), only: str | None = None) -> None:
        everything = (*added, *builtin_formats())
        known = list(dict.fromkeys([one.name for one in everything] + [*CODED, "plain"]))
        if only is not None and only not in known:
            raise ConfigError("format", only, "one of " + ", ".join(sorted(known)))
        self.formats = tuple(one for one in everything if only in (None, one.name))
        self.reads_json = only in (None, "json")
        self.reads_logfmt = only in (None, "logfmt")
        self._starting: dict[str, tuple[int, ...]] = {}

    def starting_with(self, letter: str) -> tuple[int, ...]:
        """The places in ``formats`` of those that a line which begins with ``letter`` may have."""
        found = self._starting.get(letter)
        if found is None:
            found = tuple(
                place
                for place, one in enumerate(self.formats)
                if one.starts is None or one.starts.match(letter)
            )
            if len(self._starting) < 512:
                self._starting[letter] = found
        return found


@cache
def default_catalogue() -> Catalogue:
    """The package's own formats, shared by all readers that ask for nothing else."""
    return Catalogue()
