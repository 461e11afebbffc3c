"""Every limit of the wire, once. What enforces a limit takes it from here, and so do the document and TypeScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

PROTOCOL: Final = 1
MAX_INTEGER: Final = 2**53 - 1
MAX_MESSAGE_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 32
MAX_ID_CHARS: Final = 128
MAX_NAME_CHARS: Final = 128
MAX_QUERY_CHARS: Final = 4_096
WIRE_MESSAGE_LIMIT: Final = 16_384
HELLO_GRACE_S: Final = 0.25
AUTH_DEADLINE_S: Final = 10.0
MAX_MISTAKES: Final = 64
MISTAKES_PERIOD_S: Final = 60.0
MAX_UNKNOWN_ANSWERS: Final = 8
UNKNOWN_PERIOD_S: Final = 10.0
MAX_OVERRUNS: Final = 3
OVERRUNS_PERIOD_S: Final = 60.0
MAX_COMMANDS: Final = 256
MAX_REPLAYS: Final = 16
BATCH_ENTRIES: Final = 5_000
RESULTS_PAGE: Final = 1_000
MAX_RESULTS_PAGE: Final = 5_000
MAX_JOBS_ASKED: Final = 1_000
MAX_SENT_CHARS: Final = 65_536


class Limit(NamedTuple):
    """A limit for people and for other languages: its value, its unit, and what happens beyond it."""

    value: int | float
    unit: str
    meaning: str


LIMITS: Final[Mapping[str, Limit]] = {
    "MAX_INTEGER": Limit(
        MAX_INTEGER, "", "the largest whole number; a larger one is `bad-field`, and the state takes none"
    ),
    "MAX_MESSAGE_BYTES": Limit(
        MAX_MESSAGE_BYTES, "bytes", "of one message from a client, in UTF-8; a longer one is `too-large`"
    ),
    "MAX_DEPTH": Limit(
        MAX_DEPTH, "levels", "of objects and arrays within each other; deeper is `too-deep`"
    ),
    "MAX_ID_CHARS": Limit(MAX_ID_CHARS, "characters", "of a command's `id`"),
    "MAX_NAME_CHARS": Limit(MAX_NAME_CHARS, "characters", "of a command's `name`"),
    "MAX_QUERY_CHARS": Limit(MAX_QUERY_CHARS, "characters", "of `logsQuery`"),
    "WIRE_MESSAGE_LIMIT": Limit(
        WIRE_MESSAGE_LIMIT,
        "characters",
        "of a log entry's `message`; a longer one is cut there, and `cut` says how many it has",
    ),
    "HELLO_GRACE_S": Limit(
        HELLO_GRACE_S, "s", "after which an authenticated client that says nothing is served as by a bare `hello`"
    ),
    "AUTH_DEADLINE_S": Limit(AUTH_DEADLINE_S, "s", "for the `hello` that carries the token"),
    "MAX_MISTAKES": Limit(
        MAX_MISTAKES, "mistakes", "of one client within the period; one more ends the connection with 1008"
    ),
    "MISTAKES_PERIOD_S": Limit(MISTAKES_PERIOD_S, "s", "the period in which mistakes are counted"),
    "MAX_UNKNOWN_ANSWERS": Limit(
        MAX_UNKNOWN_ANSWERS,
        "answers",
        "to messages of an unknown type within the period; more are dropped without an answer, and are no mistake",
    ),
    "UNKNOWN_PERIOD_S": Limit(UNKNOWN_PERIOD_S, "s", "the period in which these answers are counted"),
    "MAX_OVERRUNS": Limit(
        MAX_OVERRUNS, "times", "that a client may fall behind within the period; once more ends it with 1013"
    ),
    "OVERRUNS_PERIOD_S": Limit(OVERRUNS_PERIOD_S, "s", "the period in which overruns are counted"),
    "MAX_COMMANDS": Limit(
        MAX_COMMANDS, "commands", "of one client that wait for their answers; one more is `too-many-commands`"
    ),
    "MAX_REPLAYS": Limit(
        MAX_REPLAYS, "replays", "of one client that wait to be served; of more the oldest is forgotten"
    ),
    "BATCH_ENTRIES": Limit(BATCH_ENTRIES, "entries", "of one `logs.history` or `logs.append`"),
    "MAX_RESULTS_PAGE": Limit(MAX_RESULTS_PAGE, "records", "of one page of `results.list`"),
    "MAX_JOBS_ASKED": Limit(MAX_JOBS_ASKED, "jobs", "of one `job.retry` or `job.times`"),
    "MAX_SENT_CHARS": Limit(MAX_SENT_CHARS, "characters", "of the `text` of `job.send`"),
}  # fmt: skip
"""What a client can meet, by the name that it has in Python and in TypeScript."""
