"""How one check is run: on a thread of its own, bounded, and so that whatever it does is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from autobench_nb.contract.findings import CheckOutcome, CheckRecord, Severity
from autobench_nb.errors import text_of
from autobench_nb.pno.facts import Facts
from autobench_nb.pno.found import Found, found_of


@dataclass(slots=True)
class KnownCheck:
    """A check that scans run; ``hangs`` is its thread where it has not come back."""

    name: str
    function: Callable[..., Any]
    timeout_s: float
    takes_facts: bool
    hangs: threading.Thread | None = None


def run_check(check: KnownCheck, facts: Facts) -> tuple[CheckRecord, list[Found]]:
    """Run one check on a thread of its own, and wait for it as long as it may take.

    Returns:
        What the state says of it, and what it found; a check that raises or hangs is a finding itself.
    """
    if check.hangs is not None and check.hangs.is_alive():
        why = "it has not come back since an earlier scan"
        found = [Found(f"{check.name} hangs: {why}", Severity.ERROR, check.name)]
        return row_of(check, CheckOutcome.TIMEOUT, found, reason=why), found
    check.hangs = None
    answer: Future[list[Found]] = Future()

    def run() -> None:
        try:
            given = check.function(facts) if check.takes_facts else check.function()
            answer.set_result(found_of(given))
        except BaseException as error:  # noqa: BLE001 - whatever a check raises is a finding
            answer.set_exception(error)

    began = time.monotonic()
    thread = threading.Thread(target=run, name=f"autobench-pno-{check.name}", daemon=True)
    thread.start()
    try:
        found = answer.result(check.timeout_s)
        outcome = CheckOutcome.FOUND if found else CheckOutcome.CLEAR
        why_not = None
    except TimeoutError as error:
        if answer.done():
            why_not = f"TimeoutError: {error}"
            outcome, found = _failed(check, why_not)
        else:
            check.hangs = thread
            why_not = f"no end within {check.timeout_s:g} s"
            outcome = CheckOutcome.TIMEOUT
            found = [Found(f"{check.name} hangs: {why_not}", Severity.ERROR, check.name)]
    except BaseException as error:  # noqa: BLE001 - as above
        text = " ".join(text_of(error).split())[:300]
        why_not = f"{type(error).__name__}: {text}" if text else type(error).__name__
        outcome, found = _failed(check, why_not)
    took = round(time.monotonic() - began, 3)
    return row_of(check, outcome, found, took, why_not), found


def _failed(check: KnownCheck, why: str) -> tuple[CheckOutcome, list[Found]]:
    found = Found(f"{check.name} failed: {why}", Severity.ERROR, check.name)
    return CheckOutcome.FAILED, [found]


def row_of(
    check: KnownCheck,
    outcome: CheckOutcome,
    found: list[Found] | None = None,
    took_s: float | None = None,
    reason: str | None = None,
) -> CheckRecord:
    """What the state says of a check."""
    subjects = {str(one.subject) for one in found or ()}
    return {
        "name": check.name,
        "outcome": outcome,
        "subjects": len(subjects),
        "findings": len(found or ()),
        "tookS": took_s,
        "reason": reason,
    }
