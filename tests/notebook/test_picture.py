"""The picture that a saved notebook keeps: what it says, that it is small, safe and without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.logs.entry import Level, LogEntry
from autobench_nb.logs.redaction.redactor import Redactor
from autobench_nb.notebook.figures import duration, size
from autobench_nb.notebook.picture import PARTS, Moment, picture_html
from autobench_nb.state.model import initial_state
from autobench_nb.tables.results import Result

AT = datetime(2026, 11, 28, 19, 2, 11, tzinfo=UTC)
MAX_BYTES = 30_000
VIEWS = sorted(PARTS)


def entry(message: str, seq: int = 0, level: Level = Level.INFO, **more: Any) -> LogEntry:
    return LogEntry(seq, AT.timestamp() * 1000 + seq, "psu", "🔌", "", level, message, **more)


def job(id: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {"id": id, "status": status, "createdAt": 1.0, **more}


def result(**more: Any) -> Result:
    blank: dict[str, Any] = dict.fromkeys(Result._fields)
    return Result(
        **{
            **blank,
            "name": "gzip",
            "repetition": 1,
            "status": "succeeded",
            "started_at": AT,
            **more,
        }
    )


def moment(**more: Any) -> Moment:
    slices = {name: more.pop(name) for name in tuple(more) if name in initial_state()}
    items = {one["id"]: one for one in more.pop("items", [])}
    state = {**initial_state(), **slices}
    state["jobs"] = {**state["jobs"], "items": items}
    return Moment(**{"title": "my rig", "taken_at": AT, "state": state, **more})


class _Reader(HTMLParser):
    """What a strict reader sees: the text, the tags, and whether each tag is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def text_of(html: str) -> str:
    return " ".join(" ".join(_Reader(html).text).split())


def test_it_says_whose_it_is_of_when_and_what_to_do() -> None:
    text = text_of(picture_html(moment()))
    assert text == (
        "AutoBench my rig: as it was at 2026-11-28 19:02:11 UTC . Run the cell again for the live view."
    )
    closed = text_of(picture_html(moment(is_closed=True)))
    assert closed.endswith("It is closed.")


def test_it_holds_runs_results_records_findings_and_the_last_lines() -> None:
    taken = moment(
        items=[
            job(
                "1",
                name="gzip -9",
                meanS=1.916,
                sdS=0.031,
                repeat=20,
                done=20,
                startedAt=0,
                finishedAt=40_000,
            ),
            job("2", "failed", name="xz -6", exitCode=137),
            job("3", "running", name="zstd", repeat=5, done=2),
        ],
        results=[
            result(
                wall_s=1.9,
                cpu_user_s=1.5,
                cpu_system_s=0.1,
                max_rss_bytes=3_400_000,
                value={"a": 1},
            )
        ],
        result_count=21,
        devices={"psu0": {"type": "power supply", "status": "ok"}},
        streams={"cam0": {"status": "recording", "url": "http://127.0.0.1:1/"}},
        pno={
            "status": "done",
            "findings": [{"severity": "warn", "check": "disk", "message": "nearly full"}],
        },
        entries=[
            entry("volt 1"),
            entry("volt 2", 1, Level.WARN, exc="Traceback\n  ...\nValueError: no"),
        ],
    )
    text = text_of(picture_html(taken))
    assert "Jobs: 1 succeeded, 1 failed, 1 running." in text
    assert "gzip -9 succeeded 20 of 20 1.916 ± 0.031 s 40.0 s" in text
    assert "xz -6 failed 0 of 1 exit 137" in text
    assert "zstd running 2 of 5 was running then" in text
    assert "Results, newest first (1 of 21)" in text
    assert "1.90 s 1.60 s 3.2 MiB {'a': 1}" in text or '1.90 s 1.60 s 3.2 MiB {"a":1}' in text
    assert "psu0 power supply ok" in text
    assert "cam0 recording http://127.0.0.1:1/" in text
    assert "warn disk nearly full" in text
    assert (
        "Last 2 lines of the log: 19:02:11.000 info psu volt 1 19:02:11.001 warn psu volt 2 ⏎ ValueError: no"
        in text
    )


def test_each_view_has_its_own_parts() -> None:
    taken = moment(
        entries=[entry("volt 1")], items=[job("1", name="gzip")], devices={"psu0": {"status": "ok"}}
    )
    logs, state, badge = (text_of(picture_html(taken, view)) for view in ("logs", "state", "badge"))
    assert "volt 1" in logs
    assert "psu0" not in logs
    assert "psu0: status: ok" in state
    assert "volt 1" not in state
    assert "volt 1" not in badge
    assert "psu0" not in badge


def test_without_styles_tables_still_say_what_is_what() -> None:
    html = picture_html(moment(items=[job("1", name="gzip")]))
    tags = [tag for tag, _ in _Reader(re.sub("<style>.*</style>", "", html)).tags]
    assert tags.count("caption") == tags.count("table") == tags.count("thead") == 1
    assert ("th", {"scope": "col"}) in _Reader(html).tags


ODD: list[str] = [
    "<script>alert(1)</script>",
    "</td></table></div><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</style><script>alert(1)</script>",
    "</pre><h1>not ours</h1>",
    "&lt;b&gt; &amp; &#60;",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\x00\x07\x7f\x9b31m",
    "right‮to left⁦",
    "\ud800 lone",
    "two\nlines\r\nthree\rfour",
    "x" * 100_000,
    "😀" * 10_000,
    "<!-- -->]]>",
    "",
    "javascript:alert(1)",
]
ALLOWED = {
    *("div", "style", "p", "strong", "time", "br", "table", "caption"),
    *("thead", "tbody", "tr", "th", "td", "pre"),
}


def everywhere(text: str) -> Moment:
    """The text in every place that a picture has."""
    return moment(
        title=text,
        items=[
            job("1", name=text, command=text),
            job("2", "failed", name=text, reason=text),
            job(text, text, current=text),
        ],
        results=[result(name=text, value=text, status=text), result(value={text: [text]})],
        devices={text: {"type": text, "status": text, "lastSeen": text, text: text}},
        streams={text: {"status": text, "url": text}},
        pno={"findings": [{"severity": text, "check": text, "message": text}]},
        entries=[entry(text)._replace(channel=text, exc=text)],
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:12]))
def test_odd_text_in_any_place_is_text_and_nothing_else(text: str, view: str) -> None:
    html = picture_html(everywhere(text), view)
    reader = _Reader(html)
    assert {tag for tag, _ in reader.tags} <= ALLOWED
    allowed: tuple[dict[str, str | None], ...] = ({}, {"class": "ab-picture"}, {"scope": "col"})
    assert all(
        attributes in allowed or set(attributes) == {"datetime"} for _, attributes in reader.tags
    )
    assert html.count("<style>") == 1
    html.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert len(html.encode()) < MAX_BYTES


@given(st.text(), st.sampled_from(VIEWS))
def test_any_text_at_all_is_text_and_nothing_else(text: str, view: str) -> None:
    reader = _Reader(picture_html(everywhere(text), view))
    assert {tag for tag, _ in reader.tags} <= ALLOWED


def huge_jobs() -> Moment:
    return moment(
        items=[
            job(
                str(n),
                "failed" if n % 100 == 7 else "succeeded",
                name=f"job {n} {'<' * 500}",
                createdAt=float(n),
                reason="&" * 9_999,
            )
            for n in range(10_000)
        ]
        + [job("last", "running", name="the one that runs", createdAt=10_000.0)]
    )


def deep() -> Moment:
    nested: Any = "bottom"
    for _ in range(60):
        nested = {"<" * 300: [nested] * 40}
    return moment(devices={"deep": nested})


HUGE: dict[str, Callable[[], Moment]] = {
    "10,000 jobs": huge_jobs,
    "a deep state": deep,
    "wide records": lambda: moment(
        devices={f"psu{n}": {"type": '"' * 999, "status": "ok"} for n in range(10_000)}
    ),
    "10,000 findings": lambda: moment(pno={"findings": [{"message": "<>" * 999}] * 10_000}),
    "long lines": lambda: moment(entries=[entry("<&>" * 100_000, n) for n in range(500)]),
    "large values": lambda: moment(
        results=[result(value=["'" * 99_999] * 9)] * 500, result_count=99_999
    ),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", HUGE)
def test_however_much_there_is_the_picture_is_small_and_counts_what_it_leaves_out(
    name: str, view: str
) -> None:
    html = picture_html(HUGE[name](), view)
    assert len(html.encode()) < MAX_BYTES
    _Reader(html)


def test_of_many_jobs_those_that_run_and_those_that_failed_are_shown_besides_the_newest() -> None:
    text = text_of(
        picture_html(
            moment(
                items=[
                    *(
                        job(
                            str(n),
                            "failed" if n == 3 else "succeeded",
                            name=f"job {n}",
                            createdAt=float(n),
                        )
                        for n in range(1_000)
                    ),
                    job("early", "running", name="the one that runs", createdAt=-1.0),
                ]
            )
        )
    )
    assert "Jobs (30 of 1,001)" in text
    for name in ("the one that runs", "job 3 failed", "job 999 succeeded"):
        assert name in text
    assert "job 4 " not in text


SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789",
    "https://me:hunter2hunter2@host/",
    "the-token-of-this-server",
]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_kept_wherever_it_stands(secret: str, view: str) -> None:
    taken = everywhere(f"before {secret} after")
    taken = Moment(
        **{name: getattr(taken, name) for name in Moment.__slots__ if name != "redactor"},
        redactor=Redactor(literals=["the-token-of-this-server"]),
    )
    html = picture_html(taken, view)
    for part in (
        "AKIAIOSFODNN7EXAMPLE",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "hunter2hunter2",
        "the-token-of-this-server",
    ):
        assert part not in html
    assert "before" in html


def test_a_value_whose_name_says_that_it_is_a_secret_is_not_kept() -> None:
    devices = {"psu0": {"status": "ok", "password": "swordfish", "api_key": 123_456_789}}
    html = picture_html(moment(devices=devices), "state")
    assert "swordfish" not in html
    assert "123456789" not in html
    assert "status" in html


@pytest.mark.parametrize("view", ["dashboard", "state", "logs"])
@pytest.mark.parametrize(
    "command",
    [
        "PGPASSWORD={} psql",
        "DB_PASS='{}' work",
        "export API_TOKEN={}; work",
        "AWS_SECRET_ACCESS_KEY={} work",
        "work --password={}",
        'work --token "{}"',
        "work --api-key {} -v",
        "work -pass {}",
        "curl 'https://host/x?a=1&access_token={}&b=2'",
        "curl -u me:{} https://host/",
        "curl --user=me:{} https://host/",
        "sshpass -p {} ssh host",
        "mysql -h host -p{} shop",
        """work '{{"password": "{}"}}'""",
        'work "{{\\"client_secret\\": \\"{}\\"}}"',
        "work passphrase: {}",
    ],
)
def test_a_secret_of_a_command_that_only_its_name_gives_away_is_not_kept(
    command: str, view: str
) -> None:
    """A command is a run's name, stands in the state, and what is said of it in the log."""
    text = command.format("hunter2hunter2")
    html = picture_html(moment(items=[job("a", command=text)], entries=[entry(text)]), view)
    assert "hunter2" not in html
    assert "[redacted]" in html


@pytest.mark.parametrize(
    "text", ["max_tokens=512", "unexpected token: x", "pass: 3 of 4", "ssh -p 22 host", "passed=3"]
)
def test_what_only_resembles_the_name_of_a_secret_is_kept(text: str) -> None:
    assert text in picture_html(moment(entries=[entry(text)]), "logs")


def test_a_secret_across_the_place_where_text_is_cut_is_not_kept_in_part() -> None:
    html = picture_html(
        moment(entries=[entry("x" * 225 + " AKIAIOSFODNN7EXAMPLE " + "y" * 100)]), "logs"
    )
    assert "AKIA" not in html


def test_figures_read_as_on_the_page() -> None:
    assert [duration(s) for s in (0.0001, 0.25, 9.1, 31, 102, 7_500, 90_000)] == [
        *("100 µs", "250 ms", "9.10 s", "31.0 s", "1 m 42 s", "2 h 05 m", "1 d 01 h")
    ]
    assert [size(n) for n in (0, 1_023, 3_400_000, 5 * 2**30, 2**42)] == [
        *("0 B", "1023 B", "3.2 MiB", "5.0 GiB", "4.0 TiB")
    ]
