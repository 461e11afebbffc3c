"""Commands are read by their specs: what fits is typed, what does not is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autobench_nb import Client, connect
from autobench_nb.contract.codes import COMMAND_CODES
from autobench_nb.contract.commands import (
    COMMANDS,
    JOB_CANCEL,
    LOGS_GET,
    RESULTS_LIST,
    CommandSpec,
    LogsGetArgs,
)
from autobench_nb.contract.records import JobRecord, Meta, ResultRecord
from autobench_nb.errors import CommandError
from autobench_nb.orchestrator import Orchestrator
from tests.contract.schema import schema

SCHEMA = schema()


def test_what_is_missing_or_null_has_its_default() -> None:
    assert LOGS_GET.read({"seq": 7}) == LOGS_GET.read({"seq": 7, "offset": None, "more": []})
    args = RESULTS_LIST.read({})
    assert (args.since, args.limit) == (0, 1_000)


@pytest.mark.parametrize(
    ("spec", "args", "words"),
    [
        (JOB_CANCEL, {}, "jobId is missing: it takes a job's id."),
        (JOB_CANCEL, {"jobId": 5}, "jobId takes a job's id."),
        (JOB_CANCEL, {"jobId": None}, "jobId is missing"),
        (JOB_CANCEL, {"jobId": ["a"]}, "jobId takes"),
        (LOGS_GET, {}, "seq is missing: it takes a whole number from 0 to 2^53 - 1."),
        (LOGS_GET, {"seq": -1}, "seq takes a whole number"),
        (LOGS_GET, {"seq": 2**53}, "seq takes a whole number"),
        (LOGS_GET, {"seq": True}, "seq takes a whole number"),
        (LOGS_GET, {"seq": 1.5}, "seq takes a whole number"),
        (LOGS_GET, {"seq": "1"}, "seq takes a whole number"),
        (LOGS_GET, {"seq": 1, "offset": -1}, "offset takes a whole number"),
        (LOGS_GET, {"seq": 1, "offset": {}}, "offset takes a whole number"),
        (RESULTS_LIST, {"since": "x"}, "since takes a whole number"),
        (RESULTS_LIST, {"limit": 0}, "limit takes a whole number from 1 to 5,000."),
        (RESULTS_LIST, {"limit": 5_001}, "limit takes a whole number from 1 to 5,000."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    spec: CommandSpec[Any], args: dict[str, Any], words: str
) -> None:
    with pytest.raises(CommandError) as raised:
        spec.read(args)
    assert raised.value.code == "bad-args"
    assert str(raised.value).startswith(words)


def test_every_command_is_listed_by_its_name_with_codes_that_exist() -> None:
    for name, spec in COMMANDS.items():
        assert spec.name == name
        assert spec.summary.endswith(".")
        assert set(spec.codes) <= COMMAND_CODES.keys()


def test_a_spec_with_an_unknown_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no-such-code"):
        CommandSpec("x", LogsGetArgs, dict, "X.", ("no-such-code",))


def test_a_job_and_its_result_have_the_fields_that_the_contract_lists() -> None:
    with Orchestrator(environ={}) as bench:
        run = bench.run({"one": "true"})
        run.wait(60)
        (row,) = bench.results
        state = bench.state.get()
    whole = Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": "#/$defs/AppState"}]})
    assert not list(whole.iter_errors(state))
    (job,) = state["jobs"]["items"].values()
    assert job.keys() <= JobRecord.__annotations__.keys()
    assert state["meta"].keys() <= Meta.__annotations__.keys()
    check = Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": "#/$defs/ResultRecord"}]})
    assert not list(check.iter_errors(row.to_wire()))
    assert row.to_wire().keys() == ResultRecord.__annotations__.keys()


def test_the_orchestrator_answers_every_command_that_the_contract_lists() -> None:
    with Orchestrator(environ={}) as bench:
        url = bench.serve(thread=True).url
        with connect(url, token=bench.token) as client:
            client.wait_for(lambda mirror: mirror.status.phase == "live", timeout_s=30)
            codes = {name: code_of(client, name) for name in COMMANDS}
    assert "unknown-command" not in codes.values(), codes


def code_of(client: Client, name: str) -> str | None:
    try:
        client.command(name)
    except CommandError as error:
        return error.code
    return None
