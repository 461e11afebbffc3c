"""The vectors that TypeScript reads are what Python does."""

from __future__ import annotations

import json

import pytest

from autobench_nb.contract.canonical import canonical_json
from autobench_nb.contract.codes import ERROR_CODES
from autobench_nb.contract.parsing import CLIENT_TYPES
from tests.sync.make_vectors import FOLDER, VECTORS, messages, text_of


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_are_up_to_date(name: str) -> None:
    written = (FOLDER / f"{name}.json").read_text(encoding="ascii")
    assert written == text_of(name), "run: python -m tests.sync.make_vectors"


def test_every_client_type_is_in_the_vectors_valid_and_not() -> None:
    cases = messages()["client"]
    for good in (True, False):
        texts = [case["text"] for case in cases if ("kind" in case) is good]
        for kind in CLIENT_TYPES:
            assert good or kind == "hello" or any(f'"{kind}"' in text for text in texts)
            assert not good or any(f'"type":"{kind}"' in text for text in texts)


def test_the_codes_that_parsing_gives_are_in_the_vectors() -> None:
    seen = {case["code"] for case in messages()["client"] if "code" in case}
    elsewhere = {"too-large", "bad-query", "hello-twice", "too-many-commands"}
    assert seen | elsewhere == set(ERROR_CODES)


def test_canonical_form_survives_a_round_trip() -> None:
    for case in json.loads((FOLDER / "canonical.json").read_text())["cases"]:
        assert canonical_json(json.loads(case["canonical"])).decode() == case["canonical"]
        assert canonical_json(json.loads(case["json"])).decode() == case["canonical"]
