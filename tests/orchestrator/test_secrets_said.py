"""What matches a redaction rule is seen nowhere: not in state, results, tables or journal, whoever says it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.recipe_runs.run import RecipeRun
from tests.devices.test_supervisor import FAST, Lamp, until
from tests.recipe_runs.conftest import PATIENCE_S, recipe_of

SECRET = "hunter2hunter2"


def fails(*_: Any) -> None:
    raise ValueError(f"the password is {SECRET}")


class Says(Lamp):
    """A lamp that says the secret whenever it fails."""

    @property
    def actions(self) -> Mapping[str, Any]:
        return {"login": lambda password: fails()}


def everywhere(bench: ab.Orchestrator) -> str:
    """All that a spectator, a table and a reader of the journal's results see."""
    assert bench.journal is not None
    tables = (bench.jobs, bench.results, bench.devices)
    texts = [one.to_pandas().to_csv() for one in tables]
    texts += [bench.journal.results().to_csv(), bench.journal.steps().to_csv()]
    texts += [bench.journal.runs()["reason"].to_csv(), bench.journal.devices("lamp").to_csv()]
    return json.dumps(bench.state.get(""), default=str) + "".join(texts)


def runs(bench: ab.Orchestrator, folder: Path) -> None:
    for work in ({"callable": fails}, [f"echo {SECRET} >&2; exit 3"]):
        bench.run(work).wait(PATIENCE_S)

    def loop() -> None:
        for _ in bench.track([1]):
            fails()

    with pytest.raises(ValueError, match=SECRET):
        loop()


def progress(bench: ab.Orchestrator, folder: Path) -> None:
    goes_on, told = threading.Event(), threading.Event()

    def work() -> None:
        job = ab.current_job()
        assert job is not None
        job.progress(0.5, f"with {SECRET}")
        told.set()
        goes_on.wait(PATIENCE_S)

    run = bench.run({"work": work})
    asks = bench.run({"asks": f"printf 'password for {SECRET}: '; read x"}, stdin=True)
    assert told.wait(PATIENCE_S)
    until(lambda: any(one.current for one in run.jobs))
    assert "with [redacted]" in {job.current for job in run.jobs}
    assert SECRET not in everywhere(bench)
    goes_on.set()
    assert run.wait(PATIENCE_S)
    until(lambda: asks.jobs[0].current)
    assert asks.jobs[0].current == "password for [redacted]: "
    assert SECRET not in everywhere(bench)
    asks.jobs[0].send("x\n")
    assert asks.wait(PATIENCE_S)


def recipes(bench: ab.Orchestrator, folder: Path) -> None:
    steps = (
        {"id": "a", "run": "echo ${parameters.p}; exit 3"},
        {"id": "b", "run": f"echo {SECRET}", "artifacts": [f"{SECRET}*"]},
        {"id": "c", "device": {"id": "lamp", "action": "login", "arguments": {"password": SECRET}}},
    )
    bench.devices.add(Says(), **FAST)
    until(lambda: bench.devices["lamp"]["status"] == "ok")
    parameters = {"p": {"type": "string", "default": SECRET}}
    run = bench.run(recipe_of(*steps, parameters=parameters), folder=folder)
    assert isinstance(run, RecipeRun)
    assert run.wait(PATIENCE_S)
    assert run.reason_of("c") == "lamp: login failed: the password is [redacted]."


def devices(bench: ab.Orchestrator, folder: Path) -> None:
    lamp = Says()
    lamp.broken = OSError(f"no answer from http://me:{SECRET}@lamp")
    bench.devices.add(lamp, **FAST)
    until(lambda: bench.devices["lamp"]["status"] == "degraded")
    assert "me:[redacted]@lamp" in bench.devices["lamp"]["error"]


@pytest.mark.parametrize("says", [runs, progress, recipes, devices])
@pytest.mark.parametrize("is_token", [False, True])
def test_what_must_not_be_seen_is_not_seen_whoever_says_it(
    tmp_path: Path,
    says: Callable[[ab.Orchestrator, Path], None],
    is_token: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = {"AUTOBENCH_TOKEN": SECRET * 2} if is_token else {}
    redact = [] if is_token else [SECRET]
    monkeypatch.setattr(f"{__name__}.SECRET", SECRET * 2 if is_token else SECRET)
    kept = tmp_path / "lab.db"
    with ab.Orchestrator(environ=environ, redact=redact, journal=kept, parallelism=2) as bench:
        says(bench, tmp_path)
        assert "[redacted]" in everywhere(bench)
        assert SECRET not in everywhere(bench)


def test_an_address_of_a_camera_is_shown_without_its_password(tmp_path: Path) -> None:
    address = f"rtsp://admin:{SECRET}@127.0.0.1:9/1"
    with ab.Orchestrator(environ={}) as bench:
        bench.streams.add(ab.Ffmpeg("cam1", address))
        until(lambda: bench.streams["cam1"]["lastEnd"])
        assert bench.streams["cam1"]["source"] == "rtsp://…@127.0.0.1:9/1"
        shown = json.dumps(bench.state.get(""), default=str)
        said = "".join(entry.message for entry in bench.logs)
        assert SECRET not in shown + said
