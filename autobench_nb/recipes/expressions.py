"""``${parameters.size}``: what is filled in when a run begins, and how a shell is kept from reading it as code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

NAMESPACES: Final = ("parameters", "matrix", "steps", "run", "step")
"""Where a value comes from: the run's parameters, the cell of the matrix, metrics of earlier steps
(``steps.ID.METRIC``), the run (``run.id``, ``run.folder``), the step itself (``step.id``, ``step.repetition``)."""
RUN_NAMES: Final = ("id", "folder")
STEP_NAMES: Final = ("id", "repetition")
_EXPRESSION: Final = re.compile(
    r"\$\$\{|\$\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)+)\s*(?:\|\s*(\w+)\s*)?\}"
)
RAW: Final = "raw"


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${…}`` in a text.

    Attributes:
        start: Where it begins in the text, counting from 0.
        end: Behind its last character.
        names: Its dotted names, such as ``("parameters", "size")``.
        filter: What follows a ``|``: ``raw`` fills the value in as it is, unquoted, into a line for the shell.
        quote: The quotation mark that it stands within, in a line for the shell; empty where none is open.
    """

    start: int
    end: int
    names: tuple[str, ...]
    filter: str | None = None
    quote: str = ""

    @property
    def text(self) -> str:
        """The dotted names."""
        return ".".join(self.names)


def expressions_of(text: str) -> Iterator[Expression]:
    """The expressions of a text, in their order.

    ``${HOME}`` is the shell's own, since it has no dot; ``$${a.b}`` stands for the text ``${a.b}``.
    """
    scanned, quote = 0, ""
    for found in _EXPRESSION.finditer(text):
        quote = _quote_after(text, scanned, found.start(), quote)
        scanned = found.end()
        if found[1] is not None:
            yield Expression(*found.span(), tuple(found[1].split(".")), found[2], quote)


def _quote_after(text: str, start: int, end: int, quote: str) -> str:
    """Which of the shell's quotation marks is open at ``end``, where ``quote`` was at ``start``."""
    place = start
    while place < end:
        character = text[place]
        if character == "\\" and quote != "'":
            place += 1
        elif quote:
            if character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "#" and (place == 0 or text[place - 1].isspace()):
            rest = text.find("\n", place, end)
            place = end if rest < 0 else rest
        place += 1
    return quote


def filled(text: str, values: Mapping[str, object], *, shell: bool) -> str:
    """The text with its expressions filled in.

    Args:
        text: A line, an argument, a path.
        values: By dotted name.
        shell: Whether a shell reads the text: then each value is quoted, unless ``| raw`` follows it.

    Raises:
        KeyError: A name has no value; :func:`~autobench_nb.recipes.check.check_recipe` finds it beforehand.
    """
    parts: list[str] = []
    end = 0
    for expression in expressions_of(text):
        parts.append(_unescaped(text[end : expression.start]))
        value = value_text(values[expression.text])
        parts.append(shlex.quote(value) if shell and expression.filter != RAW else value)
        end = expression.end
    parts.append(_unescaped(text[end:]))
    return "".join(parts)


def _unescaped(text: str) -> str:
    return text.replace("$${", "${")


def cell_text(values: Iterable[object]) -> str:
    """What stands in the brackets of a cell's name: ``gzip,6``."""
    return ",".join(map(value_text, values))


def value_text(value: object) -> str:
    """A value as a command line has it: ``true`` and ``false`` in lower case, whole numbers without a point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
