"""What checks give: what they found, and the evidence that it rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autobench_nb.contract.findings import Evidence, Severity

MAX_SEQS = 100
"""Log entries that one piece of evidence names."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a check found.

    Attributes:
        message: What it is, for people.
        severity: How bad that is.
        subject: What it is about, such as a device's id.
        evidence: What it rests on, see :func:`lines`, :func:`numbers` and the others.
    """

    message: str
    severity: Severity | str = Severity.WARN
    subject: str = ""
    evidence: Sequence[Evidence] = ()


def lines(seqs: Iterable[int], query: str = "") -> Evidence:
    """Log entries by their ``seq``, and a query that finds them all."""
    every = list(seqs)
    # Without numbers the query alone knows how many there are.
    label = f"{len(every)} line{'' if len(every) == 1 else 's'}" if every else "lines"
    made: Evidence = {"kind": "lines", "label": label, "seqs": every[-MAX_SEQS:]}
    if query:
        made["query"] = query
    return made


def device(name: str) -> Evidence:
    """A device."""
    return {"kind": "device", "label": "device", "deviceId": name}


def stream(name: str) -> Evidence:
    """A stream, whose last picture is looked at."""
    return {"kind": "stream", "label": "still", "streamId": name}


def jobs(ids: Sequence[str]) -> Evidence:
    """Jobs."""
    return {"kind": "job", "label": "job" if len(ids) == 1 else "jobs", "jobIds": list(ids)}


def numbers(values: Mapping[str, Any], series: Sequence[float] = ()) -> Evidence:
    """Numbers by name, and earlier values in order, the new one last."""
    label = "compare" if series else "figures"
    made: Evidence = {"kind": "numbers", "label": label, "values": dict(values)}
    if series:
        made["series"] = [float(value) for value in series]
    return made


def path(where: str) -> Evidence:
    """A file or folder."""
    return {"kind": "path", "label": "files", "path": where}


def found_of(given: Any) -> list[Found]:
    """What a check gave, as findings: None, a text, a :class:`Found`, or several of these.

    Raises:
        TypeError: It is nothing of that.
    """
    if given is None:
        return []
    if isinstance(given, Found):
        return [given]
    if isinstance(given, str):
        return [Found(given)]
    if isinstance(given, Iterable):
        return [one for part in given for one in found_of(part)]
    raise TypeError(f"it gave {type(given).__name__}: None, a text, Found or several are known")
