"""What the ring lets go is in the journal, adds up, and reaches whoever scrolls back to it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.logs.entry import Level
from autobench_nb.logs.ring.columns import CHUNK_ROWS
from tests.journal.laboratory import eventually, orchestrator

CAPACITY = 100


def flooded(path: Path, lines: int, **more: Any) -> ab.Orchestrator:
    """One whose ring holds the last hundred of so many lines."""
    bench = orchestrator(ab.Journal(path, logs=True, **more), log_capacity=CAPACITY)
    say = bench.log("app")
    for number in range(lines):
        say.info(f"line {number} ü" if number % 3 else f"line {number}", number=number)
    return bench


@pytest.mark.parametrize("lines", [0, 1, 99, 100, 101, 4_095, 4_096, 4_097, 9_000, 20_000])
def test_held_archived_and_lost_are_all_that_was_written(tmp_path: Path, lines: int) -> None:
    with flooded(tmp_path / "lab.db", lines) as bench:
        account = bench.logs.account
        assert account.held == min(CAPACITY, account.written)
        assert account.held + account.archived + account.lost == account.written
        assert account.lost == 0
        if account.archived:
            assert "in the journal" in str(account)


def test_every_evicted_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    lines = 3 * CHUNK_ROWS + 50
    bench = flooded(tmp_path / "lab.db", 0)
    ring = bench.logs.ring
    with bench:
        first = ring.next_seq
        for number in range(lines):
            ring.append(
                "psu",
                Level.WARN,
                f"line {number} ü",
                1_000.0 + number,
                "its.logger",
                "job",
                "step",
                "dev",
                {"n": number} if number % 7 == 0 else None,
                "Traceback" if number % 11 == 0 else None,
            )
        place, seen = first, []
        while place < ring.next_seq:
            batch = ring.since_archived(place, 10_000)
            assert batch.missed == 0
            assert batch.next_seq > place
            seen += list(batch.entries)
            place = batch.next_seq
        assert [entry.seq for entry in seen] == list(range(first, first + lines))
        for number in (0, 7, 11, 77, CHUNK_ROWS - 1, CHUNK_ROWS, lines - 1):
            entry = seen[number]
            assert entry.message == f"line {number} ü"
            assert entry.ts == 1_000.0 + number
            assert (entry.channel, entry.level, entry.logger) == ("psu", Level.WARN, "its.logger")
            assert (entry.job_id, entry.step_id, entry.device_id) == ("job", "step", "dev")
            assert entry.fields == ({"n": number} if number % 7 == 0 else None)
            assert entry.exc == ("Traceback" if number % 11 == 0 else None)


def test_any_piece_of_the_past_begins_where_it_was_asked_for(tmp_path: Path) -> None:
    starts = (0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, 9_000, 12_287, 12_400)
    with flooded(tmp_path / "lab.db", 12_500) as bench:
        for start, limit in itertools.product(starts, (1, 500, 5_000)):
            batch = bench.logs.ring.since_archived(start, limit)
            assert batch.first_seq == start
            assert batch.missed == 0
            assert 1 <= len(batch) <= limit
            assert [entry.seq for entry in batch.entries] == list(range(start, batch.next_seq))


def test_a_client_that_asks_for_the_past_is_sent_it_from_the_archive(tmp_path: Path) -> None:
    with flooded(tmp_path / "lab.db", 9_000) as bench:
        url = bench.serve(thread=True).url
        with ab.connect(url, token=bench.token) as client:
            client.wait_for(lambda mirror: mirror.status.phase == "live", timeout_s=30)
            eventually(lambda: client.state.get("/logs").get("archiveFirst") == 0)
            entry = client.command("logs.get", seq=17)
            assert entry["seq"] == 17
            assert entry["message"].startswith("line")


def test_without_the_archive_the_same_lines_are_counted_as_lost(tmp_path: Path) -> None:
    with orchestrator(tmp_path / "lab.db", log_capacity=CAPACITY) as bench:
        for number in range(5_000):
            bench.log("app").info(f"line {number}")
        account = bench.logs.account
        assert account.archived == 0
        assert account.held + account.lost == account.written
        assert "archiveFirst" not in bench.state.get("/logs")


def test_what_a_bound_of_size_has_removed_is_counted_as_lost(tmp_path: Path) -> None:
    with flooded(tmp_path / "lab.db", 0, max_bytes=1_000_000) as bench:
        journal, ring = bench.journal, bench.logs.ring
        assert journal is not None
        # What no compression makes smaller.
        noise = random.Random(1)
        for _ in range(10 * CHUNK_ROWS):
            ring.append("app", Level.INFO, f"{noise.getrandbits(600):x}")
        assert journal.flush(30)
        journal.tidy()
        account = bench.logs.account
        assert account.lost > 0
        assert account.archived > 0
        assert account.held + account.archived + account.lost == account.written
        found = journal.select("SELECT min(first_seq) AS first FROM log_chunks")
        assert found == [{"first": ring.metadata()["archiveFirst"]}]
        batch = ring.since_archived(0, 10)
        assert batch.missed == batch.first_seq == found[0]["first"]
