"""What a log pane can be told from Python, checked where its author is: a page would silently do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from autobench_nb.errors import ConfigError
from autobench_nb.logs.query.query import parse

COLUMNS: Final = (
    *("seq", "time", "level", "channel", "logger"),
    *("message", "fields", "job", "step", "device"),
)
MAX_CONTEXT: Final = 50
CHOICES: Final = {
    "order": ("newest", "oldest"),
    "mode": ("filter", "locate"),
    "time": ("clock", "relative"),
}
FLAGS: Final = ("facets", "histogram", "wrap")


def pane_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the page takes them; ``None`` leaves a choice to the user.

    Raises :class:`ConfigError` with what an option takes, and ``QueryError``.
    """
    options = {name: value for name, value in given.items() if value is not None}
    if "query" in options:
        parse(options["query"])
    for name, values in CHOICES.items():
        if options.get(name, values[0]) not in values:
            raise ConfigError(name, options[name], f'"{values[0]}" or "{values[1]}"')
    for name in FLAGS:
        if not isinstance(options.get(name, True), bool):
            raise ConfigError(name, options[name], "True or False")
    context = options.get("context", 0)
    if not isinstance(context, int) or not 0 <= context <= MAX_CONTEXT:
        raise ConfigError("context", context, f"a whole number of lines from 0 to {MAX_CONTEXT}")
    if "columns" in options:
        options["columns"] = _columns(options["columns"])
    return options


def _columns(given: Any) -> list[str]:
    names = [given] if isinstance(given, str) else list(given)
    if unknown := [name for name in names if name not in COLUMNS]:
        raise ConfigError("columns", unknown[0], "names of " + ", ".join(COLUMNS))
    return names
