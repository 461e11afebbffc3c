"""Writes the pages of reference that follow from the code: ``python -m tests.reference``; a test says when that is due.

The wire contract's page is made by ``python -m tests.contract.generate``, Python's by sphinx when the site is built.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autobench_nb.cli.main import parser
from autobench_nb.config import settings_table
from autobench_nb.recipes.schema import recipe_schema

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors" / "query.json"


def command_line() -> str:
    """The tables of all commands, from argparse."""
    (commands,) = [
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    about = {choice.dest: choice.help or "" for choice in commands._choices_actions}
    return "\n".join(
        part for name, one in commands.choices.items() for part in _command(name, one, about[name])
    )


def _command(name: str, one: argparse.ArgumentParser, about: str) -> Iterator[str]:
    yield f"## {name}\n"
    yield (_prose(one.description) if one.description else about.capitalize() + ".") + "\n"
    yield "| argument | what it says |\n| --- | --- |"
    for action in one._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        metavar = action.metavar or (
            "{" + ",".join(action.choices) + "}" if action.choices else action.dest.upper()
        )
        takes = "" if action.nargs == 0 else f" {metavar}"
        spelled = ", ".join(f"`{option}{takes}`" for option in action.option_strings)
        if not spelled:
            several = {"+": f"{metavar}…", "?": f"[{metavar}]"}.get(str(action.nargs), metavar)
            spelled = f"`{several}`"
        values = {**vars(action), "prog": one.prog}
        words = (action.help or "") % values
        needed = " Required." if action.required and action.option_strings else ""
        yield f"| {spelled} | {_cell(words)}{needed} |"
    yield ""


def _prose(text: str) -> str:
    """A description as argparse shows it: what is indented there is lines for a shell, and becomes a block of them."""
    told = []
    for is_code, lines in itertools.groupby(text.splitlines(), lambda line: line[:2] == "  "):
        if is_code:
            told += ["```bash", textwrap.dedent("\n".join(lines)), "```"]
        else:
            told += map(_escaped, lines)
    return "\n".join(told)


def _escaped(text: str) -> str:
    return re.sub(r"(--[\w-]+)", r"`\1`", text).replace("<", "&lt;").replace('"-"', "`-`")


def _cell(text: str) -> str:
    words = " ".join(text.split()).replace("|", "\\|")
    return words[:1].upper() + words[1:] if words else ""


def recipe_fields() -> str:
    """A table for each part of a recipe, from its schema, the whole first and then as they are met."""
    parts: Mapping[str, Any] = recipe_schema()["$defs"]
    order = ["Recipe", "Metadata", "Spec", "Parameter", "Step"]
    order += [name for name in parts if name not in order]
    return "\n\n".join(_part(name, parts[name]) for name in order) + "\n"


def _part(name: str, part: Mapping[str, Any]) -> str:
    about, notes = _described(part.get("description", ""))
    rows = []
    for field, schema in part["properties"].items():
        needed = "**yes**" if field in part["required"] else ""
        default = _default(schema)
        rows.append(
            f"| `{field}` | {_kind(schema)} | {needed} | {default} | {notes.get(field, '')} |"
        )
    head = "| field | takes | needed | default | meaning |\n| --- | --- | --- | --- | --- |"
    return f"## {name}\n\n{about}\n\n{head}\n" + "\n".join(rows)


def _described(text: str) -> tuple[str, dict[str, str]]:
    """The first words of a docstring, and what its ``Attributes`` say."""
    text = re.sub(r":\w+:`([^`]+)`", r"``\1``", text).replace("``", "`")
    about, _, attributes = text.partition("Attributes:")
    return " ".join(about.split()), dict(re.findall(r"^\s+(\w+): (.*)$", attributes, re.M))


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, [], {}) else f"`{json.dumps(value)}`"


def _kind(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": several}:
            kinds = [_kind(one) for one in several if one != {"type": "null"}]
            if "number" in kinds and "integer" in kinds:
                kinds.remove("integer")
            kind = " or ".join(dict.fromkeys(kinds))
        case {"enum": values}:
            kind = ", ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": item}:
            kind = f"list of {_kind(item)}"
        case {"type": "object", "additionalProperties": dict(item)}:
            kind = f"{_kind(item)} by name"
        case {"type": str(name)}:
            kind = {"object": "a mapping", "string": "text", "boolean": "true or false"}.get(
                name, name
            )
        case _:
            kind = "anything"
    return kind + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    said = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
    }
    words = [text.format(schema[key]) for key, text in said.items() if key in schema]
    if about := schema.get("description"):
        words.append(about)
    return f" ({'; '.join(words)})" if words else ""


def query_examples() -> str:
    """The queries that both implementations are held to, with their canonical form and how many lines they find."""
    vectors = json.loads(VECTORS.read_text("utf-8"))
    rows = ["| query | written canonically | lines of the sample |", "| --- | --- | ---: |"]
    for one in vectors["queries"]:
        canonical = "the same" if one["text"] == one["query"] else _code(one["text"])
        rows.append(f"| {_code(one['query'])} | {canonical} | {len(one['seqs'])} |")
    return "\n".join(rows) + "\n"


def _code(text: str) -> str:
    """Code in a cell of a table, whatever is in it."""
    if not text:
        return "*(empty)*"
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"') if "\n" in text else text
    ticks = "``" if "`" in shown else "`"
    space = " " if ticks == "``" or shown != shown.strip() else ""
    return ticks + space + shown.replace("|", "\\|") + space + ticks


MARKED: Mapping[str, tuple[str, Callable[[], str]]] = {
    "docs/reference/command-line.md": ("command-line", command_line),
    "docs/reference/settings.md": ("settings", settings_table),
    "docs/reference/recipe.md": ("recipe", recipe_fields),
    "docs/reference/query-examples.md": ("queries", query_examples),
}
"""Each page, with the marks between which it is made."""


def page(name: str) -> str:
    """The text that a page is to have. Raises :class:`ValueError` where its marks are missing."""
    mark, made = MARKED[name]
    old = (ROOT / name).read_text("utf-8")
    found = re.search(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", old, re.S)
    if found is None:
        raise ValueError(f"{name} has no <!-- {mark} --> to fill")
    return f"{old[: found.start()]}\n{made().strip()}\n\n{old[found.end() :]}"


def main() -> int:
    """Write every page that is not what it should be."""
    for name in MARKED:
        text = page(name)
        if (ROOT / name).read_text("utf-8") != text:
            (ROOT / name).write_text(text, "utf-8")
            sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
