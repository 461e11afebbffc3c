"""What is drawn again and again becomes a picture, and lines in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autobench_nb.processes.screen import ROWS, DrawnLine, Screen, draws, partial_escape


def drawn(*chunks: bytes) -> list[str]:
    screen = Screen()
    lines = [line for chunk in chunks for line in screen.feed(chunk)]
    return [line.text for line in (*lines, *screen.finish())]


def test_nested_bars_are_a_line_each_in_their_last_state() -> None:
    """As tqdm draws them: down, the inner bar, up again."""
    steps = b"".join(
        b"\router %d%%\n\rinner %d%%\x1b[A" % (step * 50, step * 50) for step in range(3)
    )
    assert drawn(steps + b"\n\n") == ["outer 100%", "inner 100%"]


def test_a_live_display_is_its_last_picture() -> None:
    """As rich draws it: every line wiped, from the last to the first, and drawn anew."""
    wipe = b"\r\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K"
    picture = b"\x1b[?25la %d\nb %d\nc %d"
    data = picture % (1, 1, 1) + wipe + picture % (2, 2, 2) + wipe + picture % (3, 3, 3)
    screen = Screen()
    assert screen.feed(data) == []
    assert screen.picture() == "a 3\nb 3\nc 3"
    assert [line.text for line in screen.finish()] == ["a 3", "b 3", "c 3"]


def test_how_often_a_row_was_begun_anew_is_counted() -> None:
    screen = Screen()
    screen.feed(b"1%\r2%\r3%\n")
    assert screen.finish() == [DrawnLine("3%", 2)]


def test_what_leaves_the_screen_at_its_top_is_a_line() -> None:
    screen = Screen()
    lines = screen.feed(b"".join(b"%d\n" % number for number in range(ROWS + 5)))
    assert [line.text for line in lines] == [str(number) for number in range(6)]


def test_a_message_above_the_bars_stays_and_the_bars_go_on() -> None:
    """As docker and tqdm.write do it: the bar wiped, a message, the bar below."""
    data = b"bar 1%\r\x1b[Kmessage\nbar 2%\r\x1b[Kbar 3%\n"
    assert drawn(b"\x1b[A" + data) == ["message", "bar 3%"]


def test_what_was_wiped_out_is_no_line_and_a_blank_line_is() -> None:
    assert drawn(b"gone\r\x1b[K\x1b[B\x1b[Aa\n\nb\n") == ["a", "", "b"]


def test_colours_stay_and_end_with_the_line() -> None:
    assert drawn(b"\x1b[A\x1b[31mred\x1b[0m plain\n") == ["\x1b[31mred\x1b[0m plain"]
    assert drawn(b"\x1b[A\x1b[32mgreen\n") == ["\x1b[32mgreen\x1b[0m"]


def test_columns_are_gone_to_and_written_over() -> None:
    assert drawn(b"abcdef\x1b[1G12\x1b[4G45") == ["12c45f"]
    assert drawn(b"ab\x08c") == ["ac"]
    assert drawn(b"a\x1b[3Cb\x1b[2Dc") == ["a  cb"[:3] + "cb"]


def test_a_cleared_screen_holds_what_came_after() -> None:
    assert drawn(b"one\ntwo\x1b[2J\x1b[Hthree\n") == ["three"]


def test_titles_and_cursor_modes_leave_nothing() -> None:
    assert drawn(b"\x1b]0;title\x07\x1b[?25l\x1b[?2026ha\x1b[?25h\n") == ["a"]


def test_colours_alone_are_no_drawing() -> None:
    assert not draws(b"\x1b[31mred\x1b[0m\x1b[K\n")
    for sequence in (
        b"\x1b[A",
        b"\x1b[12F",
        b"\x1b[H",
        b"\x1b[2J",
        b"\x1b[1G",
        b"\x1bM",
        b"\x1b[?25l",
    ):
        assert draws(b"text " + sequence)


def test_the_beginning_of_a_sequence_is_found_at_the_end() -> None:
    assert [partial_escape(data) for data in (b"a", b"a\x1b", b"a\x1b[", b"a\x1b[12;", b"a\x1b[1A")] == [
        0, 1, 2, 5, 0,
    ]  # fmt: skip


pieces = st.lists(
    st.sampled_from(
        [b"text", b"\n", b"\r", b"\x1b[A", b"\x1b[2B", b"\x1b[K", b"\x1b[2K", b"\x1b[J", b"\x1b[31m", b"\x1b[0m",
         b"\x1b[3C", b"\x1b[1G", b"\x1b[H", "é😀".encode(), b"\xff", b"\x08", b"\t", b"\x1b7", b"\x1b8"]
    ),
    max_size=60,
)  # fmt: skip


@given(pieces)
def test_any_chunking_gives_the_same_lines(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert drawn(whole) == drawn(*chunks) == drawn(*(bytes([byte]) for byte in whole))
