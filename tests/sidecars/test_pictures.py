"""JPEG pictures out of a stream of bytes."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autobench_nb.sidecars.pictures import PictureSplitter, size_of

# An end-of-image marker within a comment, one within a table, stuffed bytes, a restart, fill bytes, two scans.
TRICKY = (
    b"\xff\xd8"
    b"\xff\xfe\x00\x06\xff\xd9\xff\xd8"
    b"\xff\xdb\x00\x05\x00\xff\xd9"
    b"\xff\xc0\x00\x0b\x08\x01\x68\x02\x80\x01\x01\x11\x00"
    b"\xff\xda\x00\x04\x01\x00abc\xff\x00\xff\xd0def\xff\xff\xd7"
    b"\xff\xff\xc4\x00\x05\x00\xff\xd9"
    b"\xff\xda\x00\x04\x01\x00ghi\xff\xd9"
)
PLAIN = b"\xff\xd8\xff\xda\x00\x02x\xff\xd9"


def split(chunks: list[bytes], splitter: PictureSplitter | None = None) -> list[bytes]:
    splitter = splitter or PictureSplitter()
    return [picture for chunk in chunks for picture in splitter.feed(chunk)]


@given(
    st.lists(st.sampled_from([TRICKY, PLAIN, b"noise", b"\xff", b"\x00\xff\xd9"]), max_size=8),
    st.lists(st.integers(1, 40), min_size=1, max_size=200),
)
@settings(deadline=None)
def test_pictures_are_the_same_however_the_bytes_are_chunked(
    parts: list[bytes], sizes: list[int]
) -> None:
    data = b"".join(parts)
    chunks, at, number = [], 0, 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        chunks.append(data[at : at + size])
        at, number = at + size, number + 1
    assert split(chunks) == split([data])


def test_a_picture_ends_at_its_end_and_not_at_what_only_looks_like_it() -> None:
    assert split([b"junk", TRICKY + PLAIN + TRICKY]) == [TRICKY, PLAIN, TRICKY]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8 no marker",
        b"\xff\xd8\xff\xd8",
        b"\xff\xd8\xff\xd9\xff",
        b"\xd8",
    ],
)
def test_after_a_broken_picture_the_next_ones_come(broken: bytes) -> None:
    assert split([broken + PLAIN, PLAIN])[-1] == PLAIN


def test_a_picture_that_is_too_large_is_dropped_and_memory_stays_bounded() -> None:
    splitter = PictureSplitter(limit=1_000)
    large = b"\xff\xd8\xff\xda\x00\x02" + b"x" * 5_000
    assert split([large[at : at + 100] for at in range(0, len(large), 100)], splitter) == []
    assert splitter.skipped > 4_000
    assert split([b"\xff\xd9" + PLAIN], splitter) == [PLAIN]


@given(st.binary(max_size=200))
def test_any_bytes_can_be_fed_and_asked_for_their_size(data: bytes) -> None:
    split([data, PLAIN])
    size_of(b"\xff\xd8" + data)


def test_the_size_stands_in_the_head() -> None:
    assert size_of(TRICKY) == (640, 360)
    assert size_of(PLAIN) is None


@pytest.mark.parametrize("size", ["64x48", "642x362"])
def test_what_ffmpeg_writes_is_split_into_as_many_pictures_as_it_says(size: str) -> None:
    source = f"testsrc2=size={size}:rate=5:duration=2"
    argv = f"ffmpeg -loglevel error -f lavfi -i {source} -f mjpeg -q:v 2 pipe:1".split()
    data = subprocess.run(argv, capture_output=True, check=True).stdout
    pictures = split([data[at : at + 4096] for at in range(0, len(data), 4096)])
    assert len(pictures) == 10
    assert b"".join(pictures) == data
    assert {size_of(picture) for picture in pictures} == {tuple(map(int, size.split("x")))}
