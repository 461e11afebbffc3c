"""What a job was asked to do and how it went, for who opens it; no secret of its environment is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from autobench_nb.contract.jobs import JobDetails, Variable
from autobench_nb.jobs.job import Job
from autobench_nb.jobs.past import KEPT
from autobench_nb.logs.redaction.redactor import MARK, Redactor

MAX_REPETITIONS: Final = KEPT
"""Repetitions that one answer tells, the newest: some 400 kB."""
MAX_VALUE_CHARS: Final = 2_000
"""Characters of a variable's value that are told."""

_SECRET_WORD = re.compile(
    r"(?i)(?:^|[_\-.])(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|tokens?|keys?|pat|jwt|pin|dsn|salt|otp|auth"
    r"|authorization|bearer|cookies?|creds?|credentials?|private|signature|certificate|session)(?:$|[_\-.\d])"
    r"|(?:password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|credentials?)(?:$|[_\-.\d])"
)
_FOLDERS: Final = frozenset({"PWD", "OLDPWD"})


def details_of(job: Job, redactor: Redactor) -> JobDetails:
    """Tell of ``job``.

    Args:
        job: Any job, ended or not.
        redactor: Takes out of the values of variables what looks like a secret; those that are called like one are
            left out whatever they look like.
    """
    how = job.how
    return {
        "id": job.id,
        "runId": job.run_id,
        "name": job.name,
        "kind": job.task.kind,
        "command": job.command,
        "folder": job.folder,
        "environment": environment_told(how.env, redactor),
        "executor": job.lifecycle.executor,
        "timeoutS": how.timeout_s,
        "repeat": how.repeat,
        "warmup": how.warmup,
        "parallel": job.lifecycle.limit,
        "takesInput": job.takes_input,
        "repetitions": [one.to_wire() for one in job.past.newest(MAX_REPETITIONS)],
        "ended": job.past.ended,
    }


def environment_told(env: Mapping[str, str | None], redactor: Redactor) -> list[Variable]:
    """The variables by name, without what is secret."""
    return [{"name": name, "value": _told(name, env[name], redactor)} for name in sorted(env)]


def _told(name: str, value: str | None, redactor: Redactor) -> str | None:
    if not value:
        return value
    if name in _FOLDERS:
        told = redactor.text(value)
    elif _SECRET_WORD.search(name):
        return MARK
    else:
        told = str(redactor.fields({name: value}).get(name, MARK))
    return told if len(told) <= MAX_VALUE_CHARS else f"{told[:MAX_VALUE_CHARS]}…"
