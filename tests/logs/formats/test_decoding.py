"""Bytes as lines: ends of all kinds, and files that are no text."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from autobench_nb.logs.formats.decoding import (
    MAGIC_BYTES,
    DamagedArchive,
    Inflater,
    LineDecoder,
    compression_of,
)


def lines_of(data: bytes, step: int) -> list[str]:
    decoder = LineDecoder()
    lines = [
        line for at in range(0, len(data), step) for line in decoder.feed(data[at : at + step])
    ]
    return lines + decoder.finish()


@pytest.mark.parametrize("step", [1, 3, 1_000, 70_000, 10_000_000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("is_ended", [True, False])
def test_lines_end_as_on_any_system(end: str, step: int, is_ended: bool) -> None:
    lines = [f"line {number}" for number in range(400 if step < 10 else 20_000)]
    text = end.join(lines) + (end if is_ended else "")
    assert lines_of(text.encode(), step) == lines


def test_a_carriage_return_within_lines_is_part_of_them() -> None:
    assert lines_of(b"10%\r20%\rdone\nnext\n", 4) == ["10%\r20%\rdone", "next"]


@pytest.mark.parametrize("step", [7, 1 << 20])
def test_what_has_only_carriage_returns_at_first_loses_nothing(step: int) -> None:
    data = b"10%\r" * 40_000 + b"done\r\nnext\r\n"
    lines = lines_of(data, step)
    assert "\r".join(lines[:-1]) == "10%\r" * 40_000 + "done"
    assert lines[-1] == "next"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"a line\n"),
        bz2.compress(b"a line\n"),
        lzma.compress(b"a line\n"),
        lzma.compress(b"a line\n", format=lzma.FORMAT_ALONE),
    ],
    ids=["gzip", "bzip2", "xz", "lzma"],
)
def test_what_is_packed_is_told_by_its_beginning_and_read(data: bytes) -> None:
    kind = compression_of(data[:MAGIC_BYTES])
    assert kind is not None
    inflater = Inflater(kind)
    assert b"".join(inflater.feed(data)) == b"a line\n"
    inflater.finish()


@pytest.mark.parametrize(
    ("start", "remedy"),
    [
        (b"\x28\xb5\x2f\xfd", "zstd -dc"),
        (b"\x04\x22\x4d\x18", "lz4 -dc"),
        (b"LZIP\x01", "lzip -dc"),
        (b"\x1f\x9d\x90", "gzip -dc"),
        (b"PK\x03\x04\x14", "unzip -p"),
        (b"LPKSHHRH", "journalctl --file"),
        (b"ElfFile\x00", "Get-WinEvent"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_what_to_do(start: bytes, remedy: str) -> None:
    kind = compression_of(start[:MAGIC_BYTES])
    assert kind is not None
    with pytest.raises(DamagedArchive, match=remedy):
        Inflater(kind)
