"""The kinds of values that messages and records are made of. Each says in words what it takes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from autobench_nb.contract.limits import (
    MAX_ID_CHARS,
    MAX_INTEGER,
    MAX_NAME_CHARS,
    MAX_QUERY_CHARS,
)

Count: TypeAlias = Annotated[
    int, Meta(ge=0, le=MAX_INTEGER, title="a whole number from 0 to 2^53 - 1")
]
"""What positions are given in: both sides read these numbers alike."""
Number: TypeAlias = (
    Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)] | Annotated[float, Meta(title="a number")]
)
"""A number that comes back as it came."""
CommandId: TypeAlias = (
    Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_ID_CHARS,
            title=f"a text of 1 to {MAX_ID_CHARS} characters",
        ),
    ]
    | Count
)
"""What a client calls one of its commands."""
CommandName: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=MAX_NAME_CHARS, title=f"a text of 1 to {MAX_NAME_CHARS} characters"
    ),
]
QueryText: TypeAlias = Annotated[
    str,
    Meta(max_length=MAX_QUERY_CHARS, title=f"a text of at most {MAX_QUERY_CHARS:,} characters"),
]
"""A text of the log query language (docs/query.md)."""

Milliseconds: TypeAlias = Annotated[float, Meta(description="milliseconds")]
"""A length of time."""
Seconds: TypeAlias = Annotated[float, Meta(description="seconds")]
"""A length of time."""
Instant: TypeAlias = Annotated[float, Meta(description="ms since 1970 UTC, with a fraction")]
"""A point in time."""
IsoTime: TypeAlias = Annotated[str, Meta(description="ISO 8601")]
"""A point in time as text."""
Word: TypeAlias = Annotated[str, Meta(description="one of few words")]
"""Text of which there are few different ones, so that a table keeps it as a category."""
