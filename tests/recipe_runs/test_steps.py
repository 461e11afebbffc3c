"""Steps of recipes on real processes: what each kind does, what is measured, and what makes it fail."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import pytest

import autobench_nb as ab
from autobench_nb.recipes.model import Limits
from tests.recipe_runs.conftest import PATIENCE_S, RunSteps, recipe_of


def statuses(run: Any) -> dict[str, str]:
    return {name: str(status) for name, status in run.steps.items()}


def test_a_value_is_one_argument_for_the_shell_whatever_it_holds(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    evil = "a b'; touch hacked; echo \"$(touch hacked)"
    run = run_steps(
        {"id": "say", "run": "printf %s ${parameters.text} > out"},
        parameters={"text": {"type": "string"}},
        given={"text": evil},
    )
    assert statuses(run) == {"say": "succeeded"}
    assert (tmp_path / "out").read_text() == evil
    assert not (tmp_path / "hacked").exists()


def test_metrics_are_read_out_of_what_is_printed_and_filled_into_later_steps(
    run_steps: RunSteps, bench: ab.Orchestrator
) -> None:
    run = run_steps(
        {
            "id": "measure",
            "run": 'echo "rate: 1,5 no"; echo "rate: 250 MB/s"; echo \'{"deep": [{"x~y": 7}]}\'',
            "extract": {
                "rate": {"regex": r"rate: (\d+)", "unit": "MB/s", "better": "higher"},
                "deep": {"pointer": "/deep/0/x~0y"},
                "length": {"call": "os.path:basename"},
            },
        },
        {"id": "use", "needs": ["measure"], "run": "echo got ${steps.measure.rate}"},
    )
    # The call gives a text that is no number: the step says so, and what needs it is skipped.
    assert statuses(run) == {"measure": "failed", "use": "skipped"}
    assert "length" in str(run.reason_of("measure"))
    run = run_steps(
        {
            "id": "measure",
            "run": 'echo "rate: 250 MB/s"',
            "extract": {"rate": {"regex": r"rate: (\d+)", "unit": "MB/s"}},
        },
        {"id": "use", "needs": ["measure"], "run": "echo got ${steps.measure.rate}"},
    )
    assert run.check().metrics_of("measure")["rate"] == 250
    assert [entry.message for entry in bench.logs.query("step:use got")] == ["got 250"]
    assert run.to_pandas().attrs["units"]["rate"] == "MB/s"
    assert run.to_arrow().schema.field("rate").metadata == {b"unit": b"MB/s"}


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ({"max": 4}, "n is 5, above its maximum of 4"),
        ({"min": 6}, "n is 5, below its minimum of 6"),
        ({"equals": 7}, "n is 5, not 7"),
        ({"min": 5, "max": 5}, None),
    ],
)
def test_a_limit_that_is_not_kept_fails_the_step_with_the_measured_value(
    run_steps: RunSteps, expect: dict[str, float], reason: str | None
) -> None:
    run = run_steps(
        {
            "id": "one",
            "run": "echo 5",
            "extract": {"n": {"regex": r"(\d+)"}},
            "expect": {"n": expect},
        }
    )
    assert run.reason_of("one") == reason
    (row,) = run.results
    assert (row.metrics, row.step_id) == ({"n": 5.0}, "one")


def test_what_prepares_and_cleans_up_is_done_around_each_repetition_and_not_measured(
    run_steps: RunSteps, tmp_path: Path
) -> None:
    step = {
        "id": "one",
        "prepare": "echo p >> log; sleep 0.2",
        "run": "echo r >> log",
        "cleanup": "echo c >> log",
        "repeat": 2,
        "warmup": 1,
    }
    run = run_steps(step)
    assert (tmp_path / "log").read_text().split() == ["p", "r", "c"] * 3
    assert all(row.wall_s is not None and row.wall_s < 0.2 for row in run.results)
    (tmp_path / "log").unlink()
    run = run_steps({**step, "prepare": "echo p >> log; exit 3", "warmup": 0})
    assert (tmp_path / "log").read_text().split() == ["p", "c"], "cleaned up, and not measured"
    assert run.reason_of("one") == "prepare: exit status 3"


def test_a_step_that_is_cancelled_is_still_cleaned_up(run_steps: RunSteps, tmp_path: Path) -> None:
    (tmp_path / "fifo").touch()
    run = run_steps(
        {"id": "one", "run": "echo began > began; sleep 600", "cleanup": "echo done > cleaned"},
        wait=False,
    )
    until_there(tmp_path / "began")
    assert run.cancel("enough")
    assert run.wait(PATIENCE_S)
    assert (str(run.status), run.reason) == ("cancelled", "enough")
    assert (tmp_path / "cleaned").read_text() == "done\n"


def until_there(path: Path) -> None:
    import time

    end = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.005)


def test_a_step_that_fails_is_tried_again(run_steps: RunSteps, tmp_path: Path) -> None:
    run = run_steps(
        {
            "id": "flaky",
            "run": "echo x >> tries; test $(wc -l < tries) -ge 3",
            "retries": {"max": 3, "backoff": 0.01},
        }
    )
    assert statuses(run) == {"flaky": "succeeded"}
    assert run.to_pandas().loc[0, "tries"] == 3


def test_an_artifact_is_kept_with_its_hash(
    run_steps: RunSteps, bench: ab.Orchestrator, tmp_path: Path
) -> None:
    run = run_steps(
        {"id": "make", "run": "mkdir -p out; printf abc > out/a.txt", "artifacts": ["out/*.txt"]},
        {"id": "miss", "run": "true", "artifacts": ["nothing.bin"]},
    )
    (record,) = bench.state.get(f"/jobs/recipeRuns/{run.id}/steps/make/artifacts")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert record == {"path": "out/a.txt", "bytes": 3, "sha256": digest}
    assert (tmp_path / "artifacts" / run.id / "make" / "out" / "a.txt").read_text() == "abc"
    assert run.reason_of("miss") == "the artifact 'nothing.bin' was not made"


def test_a_function_is_given_the_context_and_its_numbers_are_metrics(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    (tmp_path / "analysis.py").write_text(
        textwrap.dedent("""
        def report(context):
            return {"twice": 2 * context.metrics["data"]["n"], "size": context.parameters["size"],
                    "text": "no metric", "level": context.cell["level"]}
        """)
    )
    file = tmp_path / "recipe.yaml"
    file.write_text(
        textwrap.dedent("""
        apiVersion: autobench/v1
        kind: Benchmark
        metadata: {name: called}
        spec:
          parameters: {size: {type: integer, default: 3}}
          steps:
            - {id: data, run: 'echo 21', extract: {n: {regex: '(\\d+)'}}}
            - {id: report, needs: [data], matrix: {level: [1, 6]}, call: 'analysis:report'}
            - {id: gone, call: 'analysis:nothing'}
        """)
    )
    run = bench.run(file)
    assert run.wait(PATIENCE_S)
    found = run.metrics_of("report[6]")
    assert (found["twice"], found["size"], found["level"]) == (42, 3, 6)
    assert "text" not in found
    assert "nothing" in str(run.reason_of("gone"))


def test_a_python_function_can_stand_in_the_recipe_itself(
    bench: ab.Orchestrator, tmp_path: Path
) -> None:
    def answer() -> int:
        return 42

    recipe = ab.Recipe(
        metadata=ab.Metadata(name="python"),
        spec=ab.Spec(steps=[ab.Step(id="answer", call=answer, repeat=2)]),
    )
    run = bench.run(recipe, folder=tmp_path)
    assert run.wait(PATIENCE_S)
    assert run.check().metrics_of("answer")["value"] == 42
    assert [row.value for row in run.results] == [42, 42]


def test_a_device_and_a_stream_that_are_not_there_are_said(run_steps: RunSteps) -> None:
    run = run_steps(
        {"id": "on", "device": {"id": "psu", "action": "on"}},
        {"id": "film", "record": {"stream": "cam", "during": ["boot"]}},
        {"id": "boot", "run": "true"},
    )
    assert "psu" in str(run.reason_of("on"))
    assert "cam" in str(run.reason_of("film"))
    assert statuses(run)["boot"] == "succeeded"


class Meter:
    """Says what it was told to."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.actions = {"read": self.read}

    def probe(self) -> dict[str, float]:
        return {}

    def read(self, volts: float) -> dict[str, float]:
        self.told.append(volts)
        return {"volts": volts}

    def close(self) -> None:
        pass


def test_what_a_device_answers_must_keep_to_limits_and_its_arguments_keep_their_type(
    run_steps: RunSteps, bench: ab.Orchestrator
) -> None:
    meter = Meter()
    bench.devices.add(meter, name="meter")
    run = run_steps(
        {
            "id": "read",
            "matrix": {"volts": [5, 3.5]},
            "device": {"id": "meter", "action": "read", "arguments": {"volts": "${matrix.volts}"}},
            "expect": {"volts": {"min": 4.5}},
        },
        {"id": "use", "needs": ["read"], "run": "true"},
    )
    assert statuses(run) == {"read[5]": "succeeded", "read[3.5]": "failed", "use": "skipped"}
    assert run.reason_of("read[3.5]") == "volts is 3.5, below its minimum of 4.5"
    assert sorted(meter.told) == [3.5, 5]


def test_a_backoff_and_a_budget_may_be_parameters(run_steps: RunSteps, tmp_path: Path) -> None:
    run = run_steps(
        {
            "id": "flaky",
            "run": "echo x >> tries; test $(wc -l < tries) = 2",
            "retries": {"max": 2, "backoff": "${parameters.pause}"},
        },
        {
            "id": "often",
            "run": "sleep 0.05",
            "repeat": {"min": 2, "max": 1_000, "budget": "${parameters.pause}"},
        },
        parameters={"pause": {"type": "string", "default": "10ms"}},
    )
    assert statuses(run) == {"flaky": "succeeded", "often": "succeeded"}
    assert len(run.repetitions.rows) == 1 + 2 + 1


def test_what_a_function_returns_may_be_expected_filled_in_and_its_environment_set(
    run_steps: RunSteps,
) -> None:
    def values() -> dict[str, float]:
        import os

        return {"n": float(os.environ["N"])}

    recipe = ab.Recipe(
        metadata=ab.Metadata(name="values"),
        spec=ab.Spec(
            steps=[
                ab.Step(id="f", call=values, env={"N": "4"}, expect={"n": Limits(min=4)}),
                ab.Step(id="use", needs=["f"], run="test ${steps.f.n} = 4"),
            ]
        ),
    )
    with ab.Orchestrator(environ={}) as bench:
        run = bench.run(recipe)
        assert run.wait(PATIENCE_S)
        run.check()


def test_a_fault_of_the_run_itself_fails_it_and_leaves_nobody_waiting(
    run_steps: RunSteps, bench: ab.Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_told: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("autobench_nb.recipe_runs.board.RunBoard.note_metrics", broken)
    run = run_steps({"id": "a", "run": "true"}, {"id": "b", "needs": ["a"], "run": "true"})
    assert run.status == "failed"
    assert "the run itself failed: RuntimeError: a fault of ours" in str(run.reason)
    monkeypatch.undo()
    # The queue goes on.
    assert run_steps({"id": "a", "run": "true"}).status == "succeeded"


def test_a_person_is_asked_and_answers(run_steps: RunSteps, bench: ab.Orchestrator) -> None:
    steps: list[dict[str, Any]] = [
        {
            "id": "ask",
            "operator": {"ask": "Is the board in?", "answers": ["yes", "no"], "fails": ["no"]},
        },
        {"id": "go", "needs": ["ask"], "run": "true"},
    ]
    for answer, outcome in (("yes", "succeeded"), ("no", "failed")):
        run = run_steps(*steps, wait=False)
        prompt = until_asked(bench)
        assert (prompt["runId"], prompt["ask"]) == (run.id, "Is the board in?")
        with pytest.raises(ab.AutoBenchError, match="none of the answers: yes, no"):
            run.answer("perhaps")
        assert run.answer(answer)
        assert run.wait(PATIENCE_S)
        assert statuses(run)["ask"] == outcome
        assert bench.state.get("/jobs/prompts") == {}


def until_asked(bench: ab.Orchestrator) -> dict[str, Any]:
    import time

    end = time.monotonic() + PATIENCE_S
    while not (prompts := bench.state.get("/jobs/prompts", {})):
        assert time.monotonic() < end, "nobody was asked"
        time.sleep(0.005)
    (prompt,) = prompts.values()
    return dict(prompt)


def test_a_question_that_nobody_answers_takes_its_branch(run_steps: RunSteps) -> None:
    run = run_steps(
        {
            "id": "ask",
            "operator": {"ask": "Anybody?"},
            "timeout": "50ms",
            "edges": {"timeout": "alone"},
        },
        {"id": "alone", "needs": ["ask"], "run": "true"},
    )
    assert statuses(run) == {"ask": "timeout", "alone": "succeeded"}


def test_a_step_is_bound_to_a_processor_and_nicer(
    run_steps: RunSteps, bench: ab.Orchestrator
) -> None:
    step = {"id": "one", "run": "grep Cpus_allowed_list /proc/self/status; nice", "nice": 5}
    run = run_steps({**step, "cpus": [0]})
    lines = [entry.message.split()[-1] for entry in bench.logs.query("step:one channel:benchmark")]
    assert (statuses(run), lines) == ({"one": "succeeded"}, ["0", "5"])
    run = run_steps({"id": "far", "run": "true", "cpus": [60_000]})
    assert "has no processor 60000" in str(run.reason_of("far"))


def test_a_recipe_that_is_wrong_is_refused_where_it_is_asked_for(bench: ab.Orchestrator) -> None:
    with pytest.raises(ab.AutoBenchError, match="no value was given"):
        bench.run(recipe_of({"id": "a", "wait": 0}, parameters={"x": {"type": "integer"}}))
    with pytest.raises(ab.AutoBenchError, match="takes no repeat"):
        bench.run(recipe_of({"id": "a", "wait": 0}), repeat=3)
