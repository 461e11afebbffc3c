"""A journal that cannot be used says why and what helps; one that fails later is told of, and what runs goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.errors import JournalError
from autobench_nb.jobs.ledger import RunEnded
from tests.journal.laboratory import began, eventually, orchestrator, result, said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal with some hundred results."""
    path = tmp_path_factory.mktemp("whole") / "lab.db"
    with orchestrator(path) as bench:
        journal = bench.journal
        assert journal is not None
        journal.run_began(began("run"))
        for number in range(300):
            journal.repetition(result("run", number))
        journal.run_ended(RunEnded(run_id="run", status="succeeded", at_ms=1.0))
    return path.read_bytes()


def truncated(path: Path, data: bytes) -> None:
    path.write_bytes(data[: len(data) // 2])


def cut_within_a_page(path: Path, data: bytes) -> None:
    path.write_bytes(data[:10_000])


def zeroed_pages(path: Path, data: bytes) -> None:
    path.write_bytes(data[:8_192] + bytes(16_384) + data[24_576:])


def zeroed_head(path: Path, data: bytes) -> None:
    path.write_bytes(bytes(100) + data[100:])


def noise(path: Path, data: bytes) -> None:
    path.write_bytes(data[:100] + bytes((byte * 7 + 3) % 256 for byte in data[100:]))


def text(path: Path, data: bytes) -> None:
    del data
    path.write_text("run,wall_s\na,1.0\n")


def a_zip(path: Path, data: bytes) -> None:
    del data
    path.write_bytes(b"PK\x03\x04" + bytes(500))


def another_database(path: Path, data: bytes) -> None:
    del data
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE photos (name)")
    other.close()


def another_program(path: Path, data: bytes) -> None:
    del data
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA application_id = 77")
        other.execute("CREATE TABLE runs (name)")
    other.close()


def a_later_version(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()


def a_folder(path: Path, data: bytes) -> None:
    del data
    path.mkdir()


def a_fifo(path: Path, data: bytes) -> None:
    del data
    os.mkfifo(path)


def a_log_without_its_file(path: Path, data: bytes) -> None:
    path.write_bytes(b"")
    path.with_name("lab.db-wal").write_bytes(data[:4_096])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (truncated, "damaged"),
        (cut_within_a_page, "damaged"),
        (zeroed_pages, "damaged"),
        (zeroed_head, "no journal"),
        (noise, "no journal|damaged"),
        (text, "no journal"),
        (a_zip, "no journal"),
        (another_database, "no journal"),
        (another_program, "no journal"),
        (a_later_version, "newer version"),
        (a_folder, "folder"),
        (a_fifo, "no regular file"),
        (a_log_without_its_file, "damaged"),
    ],
)
def test_a_file_that_is_no_whole_journal_is_refused_with_a_remedy_and_stays_as_it_is(
    tmp_path: Path, whole: bytes, harm: Callable[[Path, bytes], None], words: str
) -> None:
    path = tmp_path / "lab.db"
    harm(path, whole)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(JournalError, match=words) as refused:
        orchestrator(path)
    assert str(path) in str(refused.value)
    assert ": " in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before
    # Nobody is kept out by the one that was refused.
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()
    path.with_name("lab.db-wal").unlink(missing_ok=True)
    with orchestrator(path) as bench:
        bench.run("true").wait()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="not there: make the folder"):
        orchestrator(tmp_path / "none" / "lab.db")
    with pytest.raises(JournalError, match="not there"):
        ab.open_journal(tmp_path / "lab.db")
    assert os.listdir(tmp_path) == []


UNPRIVILEGED = """if True:
    import sys
    sys.path[:0] = eval(sys.argv[2])
    import os
    import autobench_nb as ab
    # Whatever is imported late is imported now: the other user may not read it.
    ab.Orchestrator(journal=sys.argv[3], connection_file=False).close()
    with ab.open_journal(sys.argv[3]) as journal:
        journal.results()
    if os.getuid() == 0:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
    try:
        ab.Orchestrator(journal=sys.argv[1], connection_file=False).close()
        print("opened")
    except ab.AutoBenchError as error:
        print(type(error).__name__, error)
    try:
        with ab.open_journal(sys.argv[1]) as journal:
            print(len(journal.results()))
    except ab.AutoBenchError as error:
        print(type(error).__name__, error)
"""


def unprivileged(path: Path) -> list[str]:
    """What a user without rights over the file is told, who opens it to write and then to read."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            UNPRIVILEGED,
            str(path),
            repr(sys.path),
            str(path.parent.parent / "warm.db"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "lab"
        folder.mkdir()
        yield folder


def test_a_file_that_cannot_be_written_is_refused_and_can_be_read(
    open_folder: Path, whole: bytes
) -> None:
    path = open_folder / "lab.db"
    path.write_bytes(whole)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    try:
        told, rows = unprivileged(path)
    finally:
        open_folder.chmod(0o755)
    assert told.startswith("JournalError")
    assert "permissions" in told
    assert rows == "300"


def test_a_file_that_is_read_only_in_a_folder_that_is_not_is_refused(
    open_folder: Path, whole: bytes
) -> None:
    path = open_folder / "lab.db"
    path.write_bytes(whole)
    path.chmod(0o444)
    open_folder.chmod(0o777)
    told, rows = unprivileged(path)
    assert "permissions" in told
    assert rows == "300"


def test_a_folder_that_may_not_be_entered_is_said_to_who_writes_and_who_reads(
    open_folder: Path, whole: bytes
) -> None:
    closed = open_folder / "closed"
    closed.mkdir(0o700)
    (closed / "lab.db").write_bytes(whole)
    closed.chmod(0o000)
    try:
        told = unprivileged(closed / "lab.db")
    finally:
        closed.chmod(0o700)
    assert [line.partition(" ")[0] for line in told] == ["JournalError", "JournalError"]
    assert all("permissions" in line for line in told)


def test_a_file_that_another_program_holds_locked_is_refused(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "lab.db"
    path.write_bytes(whole)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(JournalError, match="another program holds it locked"):
            orchestrator(path)
    finally:
        other.close()


FULL = """if True:
    import resource, sys, time
    import autobench_nb as ab
    from tests.journal.laboratory import began, eventually, result, said
    bench = ab.Orchestrator(journal=sys.argv[1], connection_file=False)
    journal = bench.journal
    journal.run_began(began("run"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    number = 0
    while bench.state.get("/journal/status") == "writing":
        journal.repetition(result("run", number, reason="x" * 1000))
        number += 1
    told = bench.state.get("/journal")
    assert "make room" in told["reason"], told
    # The live side goes on, and nobody waits for the disk.
    start = time.monotonic()
    for _ in range(100):
        journal.repetition(result("run", number))
        number += 1
    assert time.monotonic() - start < 2
    run = bench.run(lambda: 7)
    run.wait(10)
    assert run.jobs[0].value == 7
    assert len(said(bench, "make room")) == 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    eventually(lambda: bench.state.get("/journal/status") == "writing")
    assert len(said(bench, "is written again: nothing is missing")) == 1
    kept = journal.select("SELECT count(*) AS n FROM results WHERE run_id = 'run'")
    assert kept == [{"n": number}], (kept, number)
    bench.close()
    print("well")
"""


def test_a_disk_that_is_full_is_told_once_and_what_waited_is_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "lab.db")],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.strip() == "well", done.stderr


def test_what_the_queue_had_no_room_for_is_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autobench_nb.journal.writer.MAX_ROWS", 50)
    with orchestrator(tmp_path / "lab.db") as bench:
        journal = bench.journal
        assert journal is not None
        other = sqlite3.connect(tmp_path / "lab.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for number in range(200):
            journal.repetition(result("run", number))
        eventually(lambda: bench.state.get("/journal/status") == "failing")
        assert "another program" in bench.state.get("/journal/reason")
        other.execute("ROLLBACK")
        other.close()
        eventually(lambda: bench.state.get("/journal/status") == "writing")
        missed = bench.state.get("/journal/missed")
        (kept,) = journal.select("SELECT count(*) AS n FROM results")
        assert missed == 200 - kept["n"] > 0
        assert said(bench, f"it lacks {missed:,} rows")
        table = journal.missed()
        assert list(table["entries"]) == [missed]
        assert "another program" in table["reason"][0]


def test_a_file_that_is_removed_is_written_anew_with_all_that_it_held(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with orchestrator(path) as bench:
        journal = bench.journal
        assert journal is not None
        journal.repetition(result("before"))
        path.unlink()
        journal.repetition(result("after"))
        assert journal.flush()
        assert list(journal.results()["run_id"]) == ["before", "after"]
    with ab.open_journal(path) as reader:
        assert list(reader.results()["run_id"]) == ["before", "after"]


def test_a_folder_that_is_removed_is_told_and_when_it_is_back_the_journal_is_too(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with orchestrator(folder / "lab.db") as bench:
        journal = bench.journal
        assert journal is not None
        journal.repetition(result("before"))
        shutil.rmtree(folder)
        journal.repetition(result("while"))
        eventually(lambda: bench.state.get("/journal/status") == "failing")
        folder.mkdir()
        eventually(lambda: bench.state.get("/journal/status") == "writing")
        assert list(journal.results()["run_id"]) == ["before", "while"]


def test_a_file_that_stands_in_the_journals_place_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with orchestrator(path) as bench:
        journal = bench.journal
        assert journal is not None
        journal.repetition(result("before"))
        (tmp_path / "other").write_text("not yours")
        (tmp_path / "other").replace(path)
        journal.repetition(result("while"))
        eventually(lambda: bench.state.get("/journal/status") == "failing")
        assert "replaced" in bench.state.get("/journal/reason")
        run = bench.run(lambda: 3)
        run.wait(20)
        assert run.jobs[0].value == 3
    assert path.read_text() == "not yours"


def test_pages_that_go_bad_while_it_runs_are_told_and_what_runs_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with orchestrator(path) as bench:
        journal = bench.journal
        assert journal is not None
        journal.repetition(result("before"))
        # The write-ahead log is brought into the file, and the file is then overwritten.
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        with path.open("r+b") as file:
            file.seek(100)
            file.write(b"\xa5" * (path.stat().st_size - 100))

        def is_told() -> bool:
            journal.repetition(result("after"))
            return bool(bench.state.get("/journal/status") == "failing")

        eventually(is_told)
        assert "damaged" in bench.state.get("/journal/reason")
        assert len(said(bench, "What runs goes on without it")) == 1
        run = bench.run(lambda: 3)
        run.wait(20)
        assert run.jobs[0].value == 3
        assert bench.state.get("/journal/missed") >= 0
