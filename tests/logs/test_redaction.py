"""No secret reaches the ring: not in messages, fields, tracebacks or names, and not by the way of a batch."""

from __future__ import annotations

import logging
import re
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autobench_nb.errors import ConfigError
from autobench_nb.logs import LogRing, Redactor
from autobench_nb.logs.redaction.redactor import MARK
from autobench_nb.logs.redaction.secrets import SECRETS

FAKE = {  # made of pieces, so that no scanner takes this file for a leak
    "private-key": "-----BEGIN RSA "
    + "PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA "
    + "PRIVATE KEY-----",
    "aws-access-key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "aws-secret-key": "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "google-api-key": "AIza" + "b" * 35,
    "google-oauth": "ya29." + "c" * 30,
    "google-client-secret": "GOCSPX-" + "d" * 28,
    "azure-key": "AccountKey=" + "e" * 86 + "==",
    "azure-sas": "https://a.blob.core.windows.net/c?sv=1&sig=" + "f" * 43 + "%3D",
    "azure-client-secret": "abc8Q~" + "g" * 32,
    "github-token": "ghp_" + "h" * 36,
    "github-fine-grained": "github_pat_" + "i" * 30,
    "gitlab-token": "glpat-" + "j" * 20,
    "slack-token": "xoxb-" + "1234567890-k",
    "slack-webhook": "https://hooks.slack.com/services/" + "T00000000/B00000000/llllllll",
    "stripe-key": "sk_live_" + "m" * 24,
    "npm-token": "npm_" + "n" * 36,
    "pypi-token": "pypi-" + "o" * 60,
    "huggingface-token": "hf_" + "p" * 34,
    "bearer": "Bearer " + "q" * 24,
    "authorization": "Authorization: Basic " + "r" * 12,
    "jwt": "eyJ" + "s" * 20 + "." + "t" * 20 + "." + "u" * 20,
    "url-password": "postgres://bob:" + "v@v!v" + "@host/db",
}


def secret_part(name: str) -> str:
    """What must not survive of a fake secret."""
    (rule,) = [rule for rule in SECRETS if rule.name == name]
    match = re.search(rule.pattern.replace(r"\z", r"\Z"), FAKE[name])
    assert match is not None
    return match.group(rule.group)


def test_every_kind_of_secret_has_a_sample() -> None:
    assert [secret.name for secret in SECRETS] == list(FAKE)


@pytest.mark.parametrize("name", FAKE)
def test_a_built_in_secret_does_not_survive(name: str) -> None:
    redactor = Redactor(secrets=True)
    secret = secret_part(name)
    texts = [f"before {FAKE[name]} after", FAKE[name], f"é\n{FAKE[name]}\n"]
    for text in texts:
        redacted = redactor.text(text)
        assert secret not in redacted
        assert MARK in redacted
    joined = redactor.batch(["plain", *texts, "plain"])
    assert list(joined) == ["plain", *map(redactor.text, texts), "plain"]


@pytest.mark.parametrize("name", FAKE)
def test_a_secret_reaches_no_reader_of_the_ring(name: str) -> None:
    ring = LogRing(100, redactor=Redactor(secrets=True))
    text, secret = FAKE[name], secret_part(name)
    ring.append("app", "info", text)
    ring.append(
        "app",
        "info",
        "x",
        fields={"a": text, "b": {"c": [text]}, text: 1},
        exc=f"Traceback\n{text}",
    )
    ring.append("app", "info", "x", logger=text, job_id=text)
    for count in range(50):
        ring.append("app", "info", f"plain {count}")
    batch = ring.since(0)
    for shown in (batch.wire().decode(), repr(list(batch.entries)), str(ring.counts("logger"))):
        assert secret not in shown
        assert orjson.dumps(secret).decode()[1:-1] not in shown
        assert MARK in shown
    assert len(batch) == 53


def test_half_a_private_key_is_a_secret_too() -> None:
    text = FAKE["private-key"].split("-----END")[0]
    assert Redactor(secrets=True).text(f"x {text}") == f"x {MARK}"


def test_what_stands_around_a_secret_can_be_read() -> None:
    redactor = Redactor(["token=[0-9]+"], secrets=True)
    assert redactor.text("get https://bob:pw@host/x token=12, done") == (
        f"get https://bob:{MARK}@host/x {MARK}, done"
    )


def test_ordinary_lines_are_left_alone() -> None:
    lines = [
        "GET https://host:8080/a?b=c@d 200",
        "bearer of news",
        "AKIA",
        "ratio: 3:1 @ 10",
        "eyJ",
    ]
    assert Redactor(secrets=True).batch(lines) is lines


def test_a_match_never_spans_two_entries() -> None:
    redactor = Redactor([r"(?s)begin.*end", r"a\s+b"])
    assert list(redactor.batch(["begin", "end", "a", "b", "a b"])) == [
        "begin",
        "end",
        "a",
        "b",
        MARK,
    ]


@pytest.mark.parametrize(
    "pattern", [r"^secret$", r"\Asecret\z", r"(?-m)^secret", r"\bsecret\b", r"(?m)^secret"]
)
def test_anchors_mean_the_entrys_own_ends(pattern: str) -> None:
    redactor = Redactor([pattern])
    messages = ["x", "secret", "", "secrets", "secret"]
    assert list(redactor.batch(messages)) == [redactor.text(message) for message in messages]
    assert list(redactor.batch(messages))[1] == MARK


PATTERNS = [
    "ab+",
    "^a",
    "b$",
    r"\bab\b",
    "a.b",
    "(?s)a.b",
    r"a\sb",
    "[^a]b",
    r"\Ab",
    r"b\z",
    "(?i)AB",
    "é",
    "(a|b)a",
    r"\Bb",
]


@given(
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4),
    st.lists(st.text("ab \né-", max_size=6), max_size=12),
)
@example(["(?s)a.b"], ["a", "b a\nb", "ab"])
@settings(deadline=None)
def test_a_batch_is_redacted_as_its_entries_one_by_one(
    patterns: list[str], messages: list[str]
) -> None:
    redactor = Redactor(patterns)
    assert list(redactor.batch(messages)) == [redactor.text(message) for message in messages]


@given(
    st.lists(st.text(), max_size=5),
    st.dictionaries(st.text(max_size=5), st.text()),
    st.text(),
    st.integers(0, 9),
)
@settings(deadline=None)
def test_no_secret_survives_wherever_it_stands(
    messages: list[str], fields: dict[str, str], around: str, place: int
) -> None:
    secret = "hunter2-77"
    ring = LogRing(100, redactor=Redactor([r"hunter\d-\d+"]))
    messages.insert(place % (len(messages) + 1), f"{around}{secret}{around}")
    fields["pw"] = f"{around}{secret}"
    for message in messages:
        ring.append("app", "info", message, fields=fields, exc=f"{secret}{around}")
        ring.append("app", "info", message)
    batch = ring.since(0)
    assert secret not in batch.wire().decode()
    assert secret not in repr(list(batch.entries))


def test_fields_are_looked_at_as_texts_as_numbers_and_as_name_and_value() -> None:
    redactor = Redactor([r"4\d{15}", r"password=\S+"])
    fields = {
        "card": 4111111111111111,
        "password": "x",
        "n": 5,
        "ok": True,
        "none": None,
        "say": "password=1",
    }
    assert redactor.fields(fields) == {**fields, "card": MARK, "password": MARK, "say": MARK}
    untouched = {"n": 5, "text": "fine"}
    assert redactor.fields(untouched) is untouched


@pytest.mark.parametrize("patterns", [(), (r"word$",)])
def test_a_name_that_utf_8_cannot_carry_is_looked_at_as_it_is_shown(
    patterns: tuple[str, ...],
) -> None:
    redactor = Redactor(patterns, secrets=True)
    shown = "a [redacted]" if patterns else "a word"
    assert redactor.fields({"\ud800": "a word"}) == {"\\ud800": shown}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([(), (r"4\d{15}", r"^word$"), (r"password=\S+", r"x\z")]))
def test_the_fields_of_a_batch_are_redacted_as_those_of_its_entries_one_by_one(
    data: st.DataObject, patterns: tuple[str, ...]
) -> None:
    redactor = Redactor(patterns, secrets=data.draw(st.booleans()))
    texts = st.one_of(
        st.sampled_from(["word", "x", "a\nword\nb", "\ud800", "4111111111111111", *FAKE.values()]),
        st.text(max_size=5),
    )
    values = st.one_of(texts, st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False))
    plain = st.dictionaries(st.sampled_from(["pid", "host", "thread"]), st.integers(), max_size=3)
    odd = st.dictionaries(
        st.one_of(st.sampled_from(["password", "say"]), texts), values, max_size=3
    )
    batch = data.draw(st.lists(plain, max_size=60)) + data.draw(st.lists(odd, max_size=3))
    batch = data.draw(st.permutations(batch))
    assert list(redactor.fields_batch(batch)) == [redactor.fields(fields) for fields in batch]


def test_with_the_built_in_set_fields_that_are_called_like_secrets_are_redacted() -> None:
    names = [
        "password",
        "db.passwd",
        "api_key",
        "x-api-key",
        "clientSecret",
        "access_token",
        "userPassword",
    ]
    fields: dict[str, Any] = dict.fromkeys(names, "x")
    plain = {"tokens": 5, "key": "k", "passed": "yes", "author": "me"}
    assert Redactor(secrets=True).fields({**fields, **plain}) == {
        **dict.fromkeys(names, MARK),
        **plain,
    }


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing )"),
        ("(?=x)", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("[z-a]", "range"),
    ],
)
def test_a_pattern_that_re2_refuses_is_an_error_with_its_reason(
    pattern: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="LOG_REDACT_REGEX") as caught:
        Redactor([pattern])
    assert reason in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", ["", "a*", "^", "$", r"\b", "(x|)", r"\bx*", "(?m)$", "a{0,3}"])
def test_a_pattern_that_matches_the_empty_text_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="empty text"):
        Redactor([pattern])


def test_patterns_that_do_not_go_together_are_searched_one_by_one() -> None:
    redactor = Redactor(["(?P<x>[ab]1)", "(?P<x>[cd]2)"])
    assert list(redactor.batch(["a1", "d2", "e3"])) == [MARK, MARK, "e3"]


def test_no_patterns_are_no_work() -> None:
    assert not Redactor()
    assert not Redactor([])
    assert Redactor(secrets=True)


def test_one_pattern_may_be_given_as_text() -> None:
    assert Redactor("abc").patterns == ("abc",)


def test_text_that_utf8_cannot_carry_is_redacted_too() -> None:
    assert Redactor(["secret"]).text("\udcff secret") == f"\\xff {MARK}"
    ring = LogRing(10, redactor=Redactor(["secret"]))
    ring.append("app", "info", "\udcff secret")
    assert ring.since(0).entries[0].message == f"\\xff {MARK}"


def test_a_secret_across_the_message_limit_is_redacted_before_the_cut() -> None:
    from autobench_nb.logs.text import MESSAGE_LIMIT

    ring = LogRing(2, redactor=Redactor(secrets=True))
    ring.append("app", "info", "x" * (MESSAGE_LIMIT - 60) + FAKE["private-key"])
    entry = ring.entry(0)
    assert entry is not None
    assert "PRIVATE" not in entry.message


def test_nothing_here_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Redactor(["x"], secrets=True).batch(["x"])
    assert caplog.records == []
