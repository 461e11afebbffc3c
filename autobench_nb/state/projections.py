"""Projections: slices derived from other slices, in the same commit as what they are derived from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from autobench_nb.errors import SchemaError, is_meant_for_the_program
from autobench_nb.state.document import Document
from autobench_nb.state.model import Place, Severity, Summary, place_of, validated
from autobench_nb.state.pointer import MISSING, related
from autobench_nb.state.values import copy, same


@dataclass(frozen=True, slots=True)
class Projection:
    """A part of the state that is always computed from another part.

    Attributes:
        source: The pointer (RFC 6901) of what it is computed from. Where nothing stands there, there is no target.
        target: The pointer of what is computed. Nobody else may write there.
        function: Called with a copy of the source; gives a JSON value. It runs within the mutation that touched the
            source (within a batch: once, at its end), so it should be short. What it raises takes the mutation back.
    """

    source: str
    target: str
    function: Callable[[Any], Any]

    @property
    def label(self) -> str:
        """The function's name and what it leads from and to, for messages."""
        name = getattr(self.function, "__qualname__", None) or type(self.function).__qualname__
        return f"{name} ({self.source} -> {self.target})"


def summarize_findings(findings: Sequence[Mapping[str, Any]]) -> Summary:
    """The findings of the pno scan, counted by severity; one without a known severity counts in the total only."""
    counts = {severity.value: 0 for severity in Severity}
    for finding in findings:
        severity = finding.get("severity")
        if severity in counts:
            counts[severity] += 1
    return {"total": len(findings), "bySeverity": counts}


PNO_SUMMARY: Final = Projection("/pno/findings", "/pno/summary", summarize_findings)
"""The pno findings summarised by severity."""


class Projector:
    """Keeps the targets of some projections; ``slices`` are those that it looks at. All are due at first."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self._all = [(place_of(one.source), place_of(one.target), one) for one in projections]
        self.slices = frozenset(
            place.slice for source, target, _ in self._all for place in (source, target)
        )
        self.due: set[int] = set()
        self.touch_all()

    def touch_all(self) -> None:
        """Everything changed."""
        self.due.update(range(len(self._all)))

    def touch(self, place: Place) -> None:
        """Something changed at ``place``."""
        for number, (source, target, _) in enumerate(self._all):
            if related(place.text, source.text) or related(place.text, target.text):
                self.due.add(number)

    def refuse_target(self, place: Place) -> None:
        """Raise :class:`SchemaError` where ``place`` is derived, so that nobody may write it."""
        for source, target, _ in self._all:
            if place.parts[: len(target.parts)] == target.parts:
                raise SchemaError(
                    place.text, f"{target.text} is derived from {source.text}: set that instead"
                )

    def run(self, document: Document) -> None:
        """Compute what is due, in order; what one projection writes makes later ones due."""
        for number, (source, target, projection) in enumerate(self._all):
            if number not in self.due:
                continue
            origin = document.find(source.parts)
            try:
                value = MISSING if origin is MISSING else _projected(projection, copy(origin))
                if value is not MISSING:
                    value = validated(target, value)
            except Exception as error:
                # The user's own function may raise anything. It goes to who mutates, and names the projection.
                note = f"in the projection {projection.label}"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                raise
            if not same(document.find(target.parts), value):
                document.put(target, value)
                self.touch(target)
        self.due.clear()


def _projected(projection: Projection, origin: Any) -> Any:
    """What its function gives. An exit or the like that it raises where nobody could exit is an error as any other."""
    try:
        return projection.function(origin)
    except Exception:
        raise
    except BaseException as error:
        if is_meant_for_the_program(error):
            raise
        raise RuntimeError(f"{type(error).__name__} was raised by a projection") from error
