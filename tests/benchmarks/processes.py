"""What is measured of commands, beside hyperfine and GNU time; what a job and a printed line cost."""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import autobench_nb as ab
from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.logs import LogRing
from autobench_nb.processes.pressure import Pressure
from tests.benchmarks.harness import Benchmark, MissingPeer, Row, paired, race

ALLOWED_MS = 0.15
ALLOWED_MB = 0.5
CPU_TIME_OF_GZIP_S = 0.4


class Cost(NamedTuple):
    """Seconds of one run: the best of several rounds."""

    wall_s: float
    cpu_s: float


def program(name: str, package: str) -> str:
    """The path of a peer that is a program; raises :class:`MissingPeer`."""
    path = shutil.which(name, path="/usr/bin:/usr/local/bin") or shutil.which(name)
    if path is None:
        raise MissingPeer(package, f"apt-get install {package}")
    return path


def ours(bench: ab.Orchestrator, argv: Sequence[str], runs: int) -> Cost:
    """The least wall time and the mean CPU time of a few runs, as a user sees them."""
    run = bench.run([list(argv)], repeat=runs, warmup=1)
    assert run.wait(120)
    rows = list(run.results)
    assert all(row.status == "succeeded" for row in rows), run
    return Cost(
        min(row.wall_s or 0.0 for row in rows),
        statistics.fmean((row.cpu_user_s or 0.0) + (row.cpu_system_s or 0.0) for row in rows),
    )


def hyperfine(argv: Sequence[str], runs: int, *options: str) -> Cost:
    """The same by hyperfine, without a shell unless ``options`` ask for one."""
    path = program("hyperfine", "hyperfine")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [path, *(options or ("-N",)), "--style", "none", "--warmup", "1"]
        command += ["--runs", str(runs), "--export-json", file.name, " ".join(argv)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (result,) = json.loads(Path(file.name).read_text())["results"]
    return Cost(result["min"], result["user"] + result["system"])


def bare(argv: Sequence[str], runs: int) -> Cost:
    """The same by the two calls of the system alone, which no measurement can do without."""
    walls, cpus = [], []
    for _ in range(runs):
        begin = time.perf_counter()
        pid = os.posix_spawnp(argv[0], list(argv), os.environ)
        _, _, used = os.wait4(pid, 0)
        walls.append(time.perf_counter() - begin)
        cpus.append(used.ru_utime + used.ru_stime)
    return Cost(min(walls), statistics.fmean(cpus))


def best(rounds: int, *contestants: Callable[[], Cost]) -> list[Cost]:
    """The contestants take turns; of each the least wall and the least CPU time of all rounds."""
    found: list[list[Cost]] = [[] for _ in contestants]
    for turn in range(rounds):
        order = list(enumerate(contestants))
        for number, contestant in order if turn % 2 == 0 else reversed(order):
            found[number].append(contestant())
    return [
        Cost(min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs))
        for costs in found
    ]


def apart(name: str, mine: float, *theirs: float, least: float | None = None) -> Row:
    """How far a figure in ms is from hyperfine's answers, beside what is allowed.

    Asked several times it gives several, and what lies between two of them is as good as each.

    Args:
        name: What was measured.
        mine: Our figure.
        theirs: Hyperfine's, one for each time that it was asked.
        least: What the bare calls of the system take.
    """
    low, high = min(theirs), max(theirs)
    answers = ", and ".join(f"{one:.3f} ms" for one in theirs)
    calls = "" if least is None else f"; posix_spawn and wait4 alone take {least:.3f} ms"
    return Row(
        f"{name}: how far from hyperfine's",
        max(0.0, low - mine, mine - high),
        "ms",
        "what is allowed",
        ALLOWED_MS,
        1.0,
        f"{name}: {mine:.3f} ms, hyperfine says {answers}{calls}",
    )


def times(quick: bool) -> list[Row]:
    """Wall and CPU time beside hyperfine."""
    program("hyperfine", "hyperfine")
    rows: list[Row] = []
    # In memory where that is to be had: what a disk does is neither's.
    memory_folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=memory_folder) as folder,
        ab.Orchestrator() as bench,
    ):
        data = gzip_data(Path(folder), quick)
        gzip = ["gzip", "-9", "-k", "-f", str(data)]
        commands = {
            "true": (["true"], 20, 30),
            "sleep 0.05": (["sleep", "0.05"], 3, 30),
            "gzip": (gzip, 1, 40),
        }
        for name, (argv, runs, rounds) in commands.items():
            if quick:
                rounds = 1

            def mine(argv: Sequence[str] = argv, runs: int = runs) -> Cost:
                return ours(bench, argv, runs)

            def theirs(argv: Sequence[str] = argv, runs: int = runs) -> Cost:
                return hyperfine(argv, runs)

            def least(argv: Sequence[str] = argv, runs: int = runs) -> Cost:
                return bare(argv, runs)

            costs = best(rounds, mine, theirs, theirs, least)
            walls = [cost.wall_s * 1e3 for cost in costs]
            cpus = [cost.cpu_s * 1e3 for cost in costs]
            rows.append(apart(f"{name}, wall", *walls[:3], least=walls[3]))
            rows.append(apart(f"{name}, CPU", *cpus[:3], least=cpus[3]))
        rows.append(shell_row(bench, quick))
    return rows


def gzip_data(folder: Path, quick: bool) -> Path:
    """A file that gzip -9 takes about 0.4 s for."""
    words = [f"{number:x}" for number in range(4_000)]
    choose = random.Random(0)
    text = " ".join(choose.choices(words, k=20_000)).encode()
    file = folder / "data"
    if quick:
        file.write_bytes(text)
        return file
    file.write_bytes(text * 10)
    before = os.times()
    subprocess.run(["gzip", "-9", "-k", "-f", file], check=True)
    took = os.times().children_user - before.children_user
    file.write_bytes(text * max(1, round(10 * CPU_TIME_OF_GZIP_S / max(took, 0.01))))
    return file


def shell_row(bench: ab.Orchestrator, quick: bool) -> Row:
    """A shell command, the shell's own start taken off, as hyperfine does by default."""
    runs, rounds = (2, 1) if quick else (10, 5)

    def mine() -> Cost:
        run = bench.run("sleep 0.05", repeat=runs, subtract_shell=True)
        assert run.wait(120)
        return Cost(min(row.wall_s or 0.0 for row in run.results), 0.0)

    us, them = best(rounds, mine, lambda: hyperfine(["sleep", "0.05"], runs, "--shell", "/bin/sh"))
    name = "sh -c 'sleep 0.05' less its shell, wall"
    return apart(name, us.wall_s * 1e3, them.wall_s * 1e3)


def memory(quick: bool) -> list[Row]:
    """Peak memory beside GNU time."""
    path = program("time", "time")
    rows = []
    with ab.Orchestrator() as bench:
        for name, argv in {
            "1 MB": ["true"],
            "20 MB": ["dd", "if=/dev/zero", "of=/dev/null", "bs=19M", "count=1", "status=none"],
            "200 MB": ["dd", "if=/dev/zero", "of=/dev/null", "bs=199M", "count=1", "status=none"],
        }.items():
            runs = 2 if quick else 9
            run = bench.run([argv], repeat=runs)
            assert run.wait(120)
            mine = statistics.median(row.max_rss_bytes or 0 for row in run.results) / 1e6
            theirs = statistics.median(gnu_time(path, argv) for _ in range(runs))
            rows.append(
                Row(
                    f"peak memory of a program of {name}: how far from GNU time's",
                    abs(mine - theirs),
                    "MB",
                    "what is allowed",
                    ALLOWED_MB,
                    1.0,
                    f"{name}: {mine:.2f} MB, GNU time says {theirs:.2f} MB",
                )
            )
    return rows


def gnu_time(path: str, argv: Sequence[str]) -> float:
    """Megabytes of peak memory."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([path, "-f", "%M", "-o", file.name, *argv], check=True)
        return int(Path(file.name).read_text()) * 1024 / 1e6


def overhead(quick: bool) -> list[Row]:
    """A job, from asking to its end, beside ``subprocess.run``."""
    with ab.Orchestrator() as bench:

        def job() -> None:
            assert bench.run([["true"]]).wait(60)

        def bare() -> None:
            subprocess.run(["true"], check=True, capture_output=True)

        job()
        ours_s, theirs_s = paired(job, bare, blocks=1 if quick else 15, pairs=2 if quick else 40)
    more = (ours_s - theirs_s) * 1e3
    note = f"a job {ours_s * 1e3:.2f} ms, subprocess.run {theirs_s * 1e3:.2f} ms"
    return [
        Row("a job's overhead over subprocess.run", more, "ms", "what is allowed", 1.0, 1.0, note)
    ]


def printed(quick: bool) -> list[Row]:
    """A line that a command prints, on its way into the log."""
    text = "".join(
        f"run {number} gzip -9c data.log finished in {number * 0.37 % 100:.3f} s ratio 0.4 ok\n"
        for number in range(900)
    )
    data = text.encode()
    lines = text.splitlines()
    ring = LogRing(10_000)

    def stream(name: str) -> Callable[[], None]:
        def nothing(
            text: str | None, fraction: float | None = None, *, unfinished: bool = False
        ) -> None:
            pass

        log = JobLog(ring.append, "1", lambda: None)
        made = OutputStream(log, name, pressure=Pressure(None), limit=1 << 24, current=nothing)

        def feed() -> None:
            made.feed(data, lambda: False)
            ring._inbox.clear()

        return feed

    def bare() -> None:
        append = ring.append
        for line in lines:
            append("benchmark", 20, line, job_id="1")
        ring._inbox.clear()

    rounds, seconds = (1, 0.01) if quick else (40, 0.02)
    found = race(
        {"stdout": stream("stdout"), "stderr": stream("stderr"), "bare": bare},
        rounds=rounds,
        round_s=seconds,
    )
    per_line = {name: seconds / len(lines) * 1e6 for name, seconds in found.items()}
    return [
        Row(
            "a line on stdout, split, looked at for levels and tracebacks, and accepted",
            per_line["stdout"],
            "us",
            "LogRing.append in a loop",
            per_line["bare"],
            2.0,
        ),
        Row(
            "a line on stderr",
            per_line["stderr"],
            "us",
            "a line on stdout",
            per_line["stdout"],
            1.5,
        ),
    ]


BENCHMARKS = [
    Benchmark("command times", times),
    Benchmark("command memory", memory),
    Benchmark("job overhead", overhead),
    Benchmark("printed lines", printed),
]
