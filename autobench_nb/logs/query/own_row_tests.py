"""Tests of a chunk's rows that ask for the entries' own fields, and those of many fields or words at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from autobench_nb.lazy import LazyModule
from autobench_nb.logs.query.ast import Item, Span
from autobench_nb.logs.query.chunk_rows import ChunkRows, Mask, RowTest
from autobench_nb.logs.query.grouping import AnyOwn, AnyWords
from autobench_nb.logs.query.match import ORDERS, AnyWhole, fold, spans_of
from autobench_nb.logs.query.own_fields import own_numbers, own_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")


def own_group(finds: AnyOwn) -> RowTest:
    """Rows of which one of many tests takes a field: each row's fields are read once for all tests."""

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        fields = rows.chunk.fields
        if fields:
            for place, data in rows.having(fields):
                if asked[place] and finds(orjson.loads(data)):
                    found[place] = True
        return found

    return test


def words_group(finds: AnyWords) -> RowTest:
    """Rows whose messages have one of many words."""

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        places, messages = rows.seen_messages(asked)
        found[places[finds.places(list(map(fold, messages)))]] = True
        return found

    return test


def in_ranges(numbers: NDArray[Any], spans: Sequence[tuple[float, float]]) -> Mask:
    found = np.zeros(len(numbers), np.bool_)
    for low, high in spans:
        found |= (numbers >= low) & (numbers <= high)
    return found


def _placed(rows: ChunkRows, asked: Mask, having: NDArray[np.uint16], fits: Mask | None) -> Mask:
    """The rows of a chunk that have a field and fit, as those of a run of its rows."""
    found = np.zeros(len(rows.chunk), np.bool_)
    found[having if fits is None else having[fits]] = True
    return found[rows.start : rows.stop] & asked


def own_has(name: str) -> RowTest:
    def test(rows: ChunkRows, asked: Mask) -> Mask:
        return _placed(rows, asked, own_numbers(rows.chunk, name).rows, None)

    return test


def own_compare(name: str, op: str, limit: float) -> RowTest:
    order = ORDERS[op]

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        having, numbers = own_numbers(rows.chunk, name)
        return _placed(rows, asked, having, order(numbers, limit))

    return test


def own_match(name: str, items: Sequence[Item]) -> RowTest:
    text_items = [item for item in items if not isinstance(item, Span)]
    takes, spans = AnyWhole(text_items), spans_of(items)

    def test(rows: ChunkRows, asked: Mask) -> Mask:
        found = np.zeros_like(asked)
        if spans:
            having, numbers = own_numbers(rows.chunk, name)
            found |= _placed(rows, asked, having, in_ranges(numbers, spans))
        if text_items:
            having, codes, texts = own_texts(rows.chunk, name)
            begin, end = np.searchsorted(having, (rows.start, rows.stop))
            shown = codes[begin:end]
            # Only the texts of these rows: a chunk may have thousands, and a query hundreds of tests for each.
            asked_for = range(len(texts)) if len(texts) <= len(shown) else np.unique(shown).tolist()
            fits = np.zeros(len(texts), np.bool_)
            for code in asked_for:
                text = texts[code]
                fits[code] = text is not None and takes(text)
            places = having[begin:end].astype(np.intp) - rows.start
            found[places[fits[shown]]] = True
        return found & asked

    return test
