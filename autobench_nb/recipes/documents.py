"""YAML (1.2) as plain values, with the place of everything. Bounded: neither deep nor endless documents are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from autobench_nb.recipes.problems import Problem, TextPlace, YamlPath

if TYPE_CHECKING:
    from ruamel.yaml import nodes

MAX_CHARACTERS: Final = 1_000_000
MAX_VALUES: Final = 100_000
"""Values in a document, those counted again that an alias repeats."""
MAX_DEPTH: Final = 50
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = frozenset(_TAG + name for name in ("int", "float", "bool", "null"))
_TAGS: Final = _PLAIN | {_TAG + name for name in ("str", "seq", "map", "timestamp")}
"""What plain values are. A timestamp is what looks like one, and is taken as the text that it is."""


@dataclass(slots=True)
class YamlDocument:
    """A document's plain values (None, bool, int, float, str, list, dict), and where each stands.

    ``places`` holds the place of each value by its path.
    """

    value: Any = None
    places: dict[YamlPath, TextPlace] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_document(text: str) -> YamlDocument:
    """One YAML document. What is wrong with it stands in ``problems``; nothing is raised."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    document = YamlDocument()
    if len(text) > MAX_CHARACTERS:
        fact = f"{len(text):,} characters are too many"
        document.problems.append(
            Problem((), fact, f"a recipe has at most {MAX_CHARACTERS:,}", TextPlace(1, 1))
        )
        return document
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        if node is None:
            document.problems.append(
                Problem(
                    (),
                    "the file is empty",
                    "`autobench-nb init` writes a first recipe",
                    TextPlace(1, 1),
                )
            )
        else:
            _NodeReader(document, yaml).read(node, (), 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = TextPlace(mark.line + 1, mark.column + 1) if mark else TextPlace(1, 1)
        fact = str(error.problem or error.context or "this is no YAML")
        if fact.startswith("but ") and error.context:
            fact = f"{error.context}, {fact}"
        document.problems.append(Problem((), fact, _remedy_of(fact), place))
    except RecursionError:
        fact = f"the document is nested more than {MAX_DEPTH} levels deep"
        document.problems.append(Problem((), fact, "write it as plain YAML", TextPlace(1, 1)))
    except (YAMLError, ValueError) as error:
        fact = (str(error).splitlines() or ["this is no YAML"])[0]
        document.problems.append(Problem((), fact, "write it as plain YAML", TextPlace(1, 1)))
    return document


_REMEDIES: Final = (
    ("'\\t'", "indent it with spaces: YAML takes no tabs there"),
    ("block", "begin it in the same column as what stands beside it"),
    ("another document", "make a file of each"),
    ("undefined alias", "give the anchor its name before: `&name`"),
)
"""What helps, by a word of what the parser says."""


def _remedy_of(fact: str) -> str:
    for word, remedy in _REMEDIES:
        if word in fact:
            return remedy
    return "see that quotes, brackets and indentation are closed before it"


class _Oversized(ValueError):
    """The document repeats or nests itself beyond all bounds."""


class _NodeReader:
    def __init__(self, document: YamlDocument, yaml: Any) -> None:
        self._document = document
        self._construct = yaml.constructor.construct_object
        self._count = 0

    def read(self, node: nodes.Node, path: YamlPath, depth: int) -> None:
        self._document.value = self._value(node, path, depth)

    def _value(self, node: nodes.Node, path: YamlPath, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _Oversized(f"the document has more than {MAX_VALUES:,} values")
        if depth > MAX_DEPTH:
            raise _Oversized(f"the document is nested more than {MAX_DEPTH} levels deep")
        self._document.places.setdefault(path, _place(node))
        kind = _kind(node)
        if node.tag is not None and node.tag not in _TAGS:
            tag = node.tag.replace(_TAG, "!!")
            self._complain(path, f"the tag {tag} is not known", "leave the tag away", node)
        if kind == "sequence":
            return [
                self._value(one, (*path, number), depth + 1)
                for number, one in enumerate(node.value)
            ]
        if kind == "mapping":
            return self._mapping(node, path, depth)
        return self._scalar(node)

    def _mapping(self, node: nodes.Node, path: YamlPath, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                sources = value.value if _kind(value) == "sequence" else [value]
                for source in sources:
                    found = self._value(source, path, depth + 1)
                    if isinstance(found, dict):
                        merged = {**found, **merged}
                    else:
                        fact = "what << brings in is no mapping"
                        self._complain(path, fact, "write << with the alias of a mapping", source)
                continue
            if _kind(key) != "scalar":
                self._complain(path, "a key is no text", "write the key as a plain word", key)
                continue
            name = paired(key.value)
            if name in values:
                self._complain((*path, name), "the key stands here twice", "leave one of them", key)
                continue
            values[name] = self._value(value, (*path, name), depth + 1)
            if _kind(value) != "scalar":
                # A block is complained of where its name stands.
                self._document.places[(*path, name)] = _place(key)
        return {**merged, **values}

    def _scalar(self, node: nodes.Node) -> Any:
        if node.tag in _PLAIN:
            try:
                return self._construct(node)
            except (ValueError, OverflowError):
                return str(node.value)
        return paired(node.value)

    def _complain(self, path: YamlPath, fact: str, remedy: str, node: nodes.Node) -> None:
        self._document.problems.append(Problem(path, fact, remedy, _place(node)))


def paired(text: str) -> str:
    """A text in which the two halves of a character stand together, as JSON writes it (RFC 8259, section 7)."""
    if text.isascii():
        return text
    halves = text.encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "surrogatepass")


def _kind(node: nodes.Node) -> str:
    """Scalar, sequence or mapping."""
    return type(node).__name__.removesuffix("Node").lower()


def _place(node: nodes.Node) -> TextPlace:
    return TextPlace(node.start_mark.line + 1, node.start_mark.column + 1)
