"""What is committed is what the contract gives."""

from __future__ import annotations

import re

import pytest

from autobench_nb.contract.codes import (
    CLOSE_CODES,
    COMMAND_CODES,
    ERROR_CODES,
    CloseCode,
    ErrorCode,
)
from autobench_nb.contract.defaults import SERVER_CONFIG
from autobench_nb.contract.levels import LEVELS
from autobench_nb.contract.limits import LIMITS
from autobench_nb.contract.parsing import CLIENT_TYPES, SERVER_TYPES
from autobench_nb.contract.records import OPTIONAL_SLICES, SLICES
from tests.contract.generate import FILES, ROOT
from tests.contract.markdown import TABLES, wire_page

PAGE = (ROOT / "docs" / "wire.md").read_text("utf-8")
TYPESCRIPT = (ROOT / "js/src/sync/messages.gen.ts").read_text("utf-8")


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_what_the_contract_gives(name: str) -> None:
    written = (ROOT / name).read_text("utf-8")
    assert written == FILES[name](), "run: python -m tests.contract.generate"


def test_a_page_without_a_mark_is_refused() -> None:
    name = next(iter(TABLES))
    with pytest.raises(ValueError, match=name):
        wire_page(PAGE.replace(f"<!-- {name} -->", ""))


@pytest.mark.parametrize("kind", [*CLIENT_TYPES, *SERVER_TYPES])
def test_every_type_is_in_the_document_and_in_typescript(kind: str) -> None:
    assert f"| `{kind}`" in PAGE
    assert f"type: '{kind}';" in TYPESCRIPT


@pytest.mark.parametrize("code", [*ERROR_CODES, *COMMAND_CODES])
def test_every_code_is_in_the_document_and_in_typescript(code: str) -> None:
    assert f"| `{code}` |" in PAGE
    assert re.search(rf"^  '?{re.escape(code)}'?: ", TYPESCRIPT, re.M)


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_is_in_the_document_and_in_typescript(name: str) -> None:
    assert f"| `{name}` | {LIMITS[name].value:,}" in PAGE
    found = re.search(rf"^export const {name} = ([\d_.]+);$", TYPESCRIPT, re.M)
    assert found is not None
    assert float(found[1].replace("_", "")) == LIMITS[name].value


@pytest.mark.parametrize(
    ("known", "meanings"),
    [(ErrorCode, ERROR_CODES), (CloseCode, CLOSE_CODES)],
    ids=["error", "close"],
)
def test_every_code_has_a_meaning(known: type, meanings: dict[object, str]) -> None:
    codes = {value for name, value in vars(known).items() if name.isupper()}
    assert codes == set(meanings)


def test_the_slices_that_a_client_may_name_are_those_of_the_state() -> None:
    found = re.search(r"^export type SliceName =([^;]*);$", TYPESCRIPT, re.M)
    assert found is not None
    assert re.findall(r"'(\w+)'", found[1]) == [*SLICES, *OPTIONAL_SLICES, "version"]


def test_levels_rise_by_ten_and_the_lowest_is_sent_by_default() -> None:
    assert list(LEVELS.values()) == sorted(LEVELS.values()) == [10, 20, 30, 40, 50]
    assert SERVER_CONFIG["logs"]["minLevel"] == next(iter(LEVELS))
