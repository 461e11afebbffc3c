"""Random queries and entries, made of what is likely to be read or compared in two ways."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# Letters whose lower case is another length, depends on its place, or comes from beyond ASCII.
LETTERS = 'aAbBiIkKsSzZ09 _-.:,/\\"()*=<>ßẞſKÅİıςσΣäÄéÉжЖ😀\n\t\u00a0\u0307\u2028ǅ'
NAMES = ("psu", "PSU", "ps*", "cam,1", "a b", "none", "10..20", "-x", "/x", '"', "é", "OR")
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 80, 81.5, 1e21, 1e-7, 0.1, 123456789012, 5e-324),
    *(
        True,
        False,
        None,
        "",
        "80",
        "80.0",
        "-1e3",
        "1..2",
        "abc",
        "ABC",
        "a b",
        "true",
        "null",
        "0x10",
        " 80",
        "8_0",
    ),
)
FIELD_NAMES = ("temp", "a b", "x.y", "constructor", "__proto__", "é", "t:x")

texts = st.text(alphabet=LETTERS, max_size=14)
NOW = 1_764_000_000.25


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def entries(draw: st.DrawFn) -> list[dict[str, Any]]:
    name = st.none() | st.sampled_from(NAMES)
    out: list[dict[str, Any]] = []
    for seq in range(draw(st.integers(1, 6))):
        entry: dict[str, Any] = {
            "seq": seq,
            "ts": NOW * 1e3 + draw(st.sampled_from((-3.6e6, -300_000, -1, -0.5, 0, 0.25, 1, 6e4))),
            "channel": draw(st.sampled_from(NAMES)),
            "emoji": "",
            "color": "",
            "level": draw(st.sampled_from(("debug", "info", "warn", "error", "fatal"))),
            "message": draw(texts),
        }
        optional = {
            **{key: draw(name) for key in ("logger", "jobId", "stepId", "deviceId")},
            "exc": draw(st.none() | texts),
            "fields": draw(
                st.none()
                | st.dictionaries(st.sampled_from(FIELD_NAMES), st.sampled_from(VALUES), max_size=3)
            ),
        }
        out.append(entry | {key: value for key, value in optional.items() if value is not None})
    return out


value = st.one_of(
    st.sampled_from(NAMES).map(quoted),
    st.sampled_from(("psu", "p*", "*", "*s*", "cam*", "PS*", "/^p/", "/u/i", '"a b"')),
)
number = st.sampled_from(
    ("0", "1", "-1", "80", "80.0", "81.5", "1e21", "1e-7", "10..20", "..80", "0..", "5e-324")
)
level = st.sampled_from(("debug", "INFO", "warning", "warn", "error", "critical"))
time = st.sampled_from(
    (
        "now",
        "-5m",
        "-0.5ms",
        "-1h",
        "-1.5m30s",
        "17:00",
        "16:00:00.25",
        "2025-11-24",
        "2025-11-24T16:00:00.250Z",
        "2025-11-24T16:00:00.2505+00:00",
        "2025-10-26T02:30",
        "2025-03-30T02:30:01.5",
        '"2025-11-24 17:00"',
    )
)
own = st.sampled_from(FIELD_NAMES).map(lambda name: f"fields.{quoted(name)}") | st.just(
    "fields.temp"
)
regex_atom = st.sampled_from(
    (
        "a",
        "b",
        "A",
        "K",
        "s",
        ".",
        r"\d",
        r"\w",
        r"\S",
        r"\s",
        "[a-z]",
        "[^a]",
        "[ä-ж]",
        "İ",
        "ς",
        "😀",
        r"\.",
        r"\/",
        r"\x41",
        r"\u00e9",
        r"\u{1f600}",
        r"\b",
        r"\B",
        "^",
        "$",
        "[^\\d]",
        "{",
        "(a|b)",
        "(?:ab)",
        "(a)",
        "[K-ſ]",
        "-",
        "()",
    )
)
regex = st.builds(
    lambda parts, flags: f"/{''.join(parts)}/{flags}",
    st.lists(
        st.tuples(
            regex_atom, st.sampled_from(("", "", "", "*", "+", "?", "{2}", "{1,3}", "*?", "|"))
        ).map("".join),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(("", "i")),
)
words = texts.filter(bool).map(quoted) | st.sampled_from(("a", "K", "ς", "İ", "ss", "none", "80"))
term = st.one_of(
    words,
    words,
    regex,
    st.builds(
        "{}:{}".format,
        st.sampled_from(("channel", "logger", "job", "step", "device")),
        st.lists(value, min_size=1, max_size=2).map(",".join),
    ),
    st.builds(
        "{}{}{}".format, st.just("level"), st.sampled_from((":", "=", ">=", ">", "<=", "<")), level
    ),
    st.builds("level:{}..{}".format, level, level | st.just("")),
    st.sampled_from(("seq:1", "seq:1..3", "seq>=2", "seq:..1,4", "seq<3")),
    st.builds("{}:{}".format, st.sampled_from(("since", "until")), time),
    st.builds(
        "{}:{}".format, own, number | value | st.sampled_from(VALUES).map(lambda v: quoted(str(v)))
    ),
    st.builds(
        "{}{}{}".format,
        own,
        st.sampled_from((">=", ">", "<=", "<")),
        number.filter(lambda n: ".." not in n),
    ),
    st.sampled_from(("has:exc", "has:job,step", "has:fields", "none")),
    own.map("has:{}".format),
    st.builds("{}:{}".format, st.sampled_from(("message", "exc")), words.filter(bool) | regex),
)
queries = st.recursive(
    term,
    lambda inner: st.one_of(
        inner.map("-({})".format),
        inner.map("NOT {}".format),
        st.builds("{} {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("({}) AND {}".format, inner, inner),
    ),
    max_leaves=5,
)
PIECES = (
    *'ab() "/\\-*,.:=<>![]{}|^$+?i😀é',
    " OR ",
    " AND ",
    "NOT ",
    "none",
    "level",
    "channel:",
    "seq:",
    "since:",
    "has:",
    "fields.",
    "fields.x>=",
    "message:",
    "warn",
    ">=",
    "10..",
    "-5m",
    "2025-11-24",
    "//",
    "(?=",
    "\\1",
    "\\p{L}",
    "{2,1}",
    "(a+)+",
    "[z-a]",
)
scribbles = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
patterns = st.lists(
    st.sampled_from(
        (
            *"ab.*+?()[]{}|^$-,:=0129é😀",
            "(?:",
            "(?=",
            "[^",
            r"\d",
            r"\w",
            r"\b",
            r"\x4",
            r"\u12",
            r"\q",
            r"\/",
            "{1,2}",
            "{3}",
            "[a-c]",
        )
    ),
    min_size=1,
    max_size=9,
).map("".join)
