from __future__ import annotations

from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from autobench_nb.jobs.output import JobLog, OutputStream
from autobench_nb.processes.lines import Line, LineSplitter, text_of
from autobench_nb.processes.pressure import Pressure
from autobench_nb.processes.screen import draws

pieces = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"\n", b"\r", b"\r\n", b"\0", "é".encode(), "😀".encode(), b"\xff", b"abcdefgh"]
        ),
    ),
    max_size=40,
)


def split(*chunks: bytes, limit: int = 16) -> list[Line]:
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    last = splitter.finish()
    return lines if last is None else [*lines, last]


def texts(*chunks: bytes, limit: int = 16) -> list[str]:
    return [text_of(line)[0] for line in split(*chunks, limit=limit)]


@given(pieces)
@example([b"abc\r", b"\n"])
@example([b"a\r\r", b"", b"\rb"])
def test_any_chunking_gives_the_same_lines(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert split(*chunks) == split(whole) == split(*(bytes([byte]) for byte in whole))


@given(st.lists(st.binary(max_size=40).map(lambda data: data.translate(None, b"\r\n"))))
def test_without_carriage_returns_lines_are_what_newlines_separate(lines: list[bytes]) -> None:
    found = split(b"".join(line + b"\n" for line in lines), limit=1_000)
    assert [line.data for line in found] == lines


@given(pieces, st.integers(1, 20))
def test_a_line_never_holds_more_than_the_limit(chunks: list[bytes], limit: int) -> None:
    for line in split(*chunks, limit=limit):
        assert len(line.data) <= limit
        assert line.is_cut or line.size == len(line.data)


@given(pieces, st.sampled_from([8, 64]))
def test_the_short_way_for_floods_gives_the_same_entries(chunks: list[bytes], limit: int) -> None:
    def entries(parts: list[bytes]) -> list[Any]:
        kept: list[Any] = []

        def keep(*args: Any, **more: Any) -> None:
            kept.append((*args, {name: value for name, value in more.items() if value is not None}))

        log = JobLog(keep, "1", lambda: None)
        stream = OutputStream(
            log,
            "stdout",
            pressure=Pressure(None),
            limit=limit,
            current=lambda text, fraction=None, *, unfinished=False: None,
        )
        for part in parts:
            stream.feed(part, lambda: False)
        stream.finish()
        return [*kept, log.lines]

    whole = b"".join(chunks)
    assume(
        not draws(whole)
    )  # what was printed at once may be drawn over, what has been logged may not
    assert entries([whole]) == entries([bytes([byte]) for byte in whole])


def test_a_progress_line_is_its_last_state() -> None:
    (line,) = split(b" 10%\r 50%\r100%\n")
    assert text_of(line) == ("100%", {"rewritten": 2})


def test_a_carriage_return_before_the_newline_changes_nothing() -> None:
    (line,) = split(b"dos\r\n")
    assert text_of(line) == ("dos", {})


def test_a_progress_line_without_an_end_is_its_last_state() -> None:
    assert texts(b"10%\r20%\r") == ["20%"]


def test_the_state_of_an_open_progress_line_can_be_seen() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"10%\r20")) == []
    assert splitter.rewriting
    assert splitter.pending == b"10%"


def test_no_newline_at_the_end_still_gives_the_line() -> None:
    assert texts(b"one\ntwo") == ["one", "two"]


def test_an_empty_line_is_a_line_and_no_bytes_are_none() -> None:
    assert texts(b"\n") == [""]
    assert texts(b"") == []


def test_undecodable_bytes_stand_as_what_they_are_and_are_counted() -> None:
    (line,) = split(b"a\xff\xfeb\n")
    assert text_of(line) == ("a\\xff\\xfeb", {"undecodable": 2})


def test_nul_bytes_stay() -> None:
    assert texts(b"a\0b\n") == ["a\0b"]


def test_a_cut_line_says_how_long_it_was() -> None:
    (line,) = split(b"x" * 5_000 + b"\n", limit=4)
    assert text_of(line) == ("xxxx… [cut: 5,000 bytes]", {"cut": 5_000})


def test_a_cut_breaks_no_character() -> None:
    for limit in (5, 6, 7):
        (line,) = split("abcd😀😀".encode(), limit=limit)
        assert text_of(line) == ("abcd… [cut: 12 bytes]", {"cut": 12})
