"""What the README says is what the code does; what became too long for it stands on the site."""

from __future__ import annotations

import re
from pathlib import Path

from tests.benchmarks.publish import CHOSEN

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_what_it_is_and_for_whom_is_said_in_ten_lines() -> None:
    said = README.partition("\n## ")[0]
    assert len([line for line in said.splitlines() if line]) <= 10
    assert len(README.splitlines()) < 150


def test_its_moving_picture_is_below_two_megabytes_and_moves() -> None:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+\.webp)\)", README)
    picture = (ROOT / name).read_bytes()
    assert picture[:4] == b"RIFF"
    assert b"ANIM" in picture[:64]
    assert picture.count(b"ANMF") > 20
    assert len(picture) < 2_000_000
    assert len({len(piece) for piece in picture.split(b"ANMF")[1:]}) > 10, (
        "all pictures are the same"
    )


def test_ten_figures_stand_beside_their_peers() -> None:
    table = README.partition("<!-- figures -->")[2].partition("<!-- /figures -->")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()
        if "|" in line
    ]
    assert [(row[0], row[3]) for row in rows[2:]] == [*CHOSEN]


def test_both_commands_are_one_line_each() -> None:
    for name in ("quickstart", "tests"):
        match = re.search(rf"<!-- command: {name} -->\n```bash\n([^\n]+)\n```", README)
        assert match is not None, name


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert len(links) > 5
