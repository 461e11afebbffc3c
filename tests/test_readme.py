"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from autobench_nb.config import settings_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def between(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.S)
    assert match is not None
    return match[1]


def test_the_table_of_settings_is_made_from_the_code() -> None:
    assert between("settings") == settings_table()


def test_both_commands_are_one_line_each() -> None:
    for name in ("quickstart", "tests"):
        match = re.search(rf"<!-- command: {name} -->\n```bash\n([^\n]+)\n```", README)
        assert match is not None, name


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert len(links) > 5
