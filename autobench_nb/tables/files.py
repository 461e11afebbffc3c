"""Arrow tables as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from autobench_nb.tables.export import neutral

if TYPE_CHECKING:
    import pyarrow as pa


def table_bytes(table: pa.Table, form: str) -> bytes:
    """The table as ``csv`` or ``parquet``.

    In CSV what is nested becomes JSON text, and what a spreadsheet would run gets an apostrophe before it, in names of
    columns too: jobs, axes and metrics are called as somebody likes.
    """
    buffer = io.BytesIO()
    if form == "parquet":
        from pyarrow import parquet

        parquet.write_table(table, buffer)
    else:
        import orjson
        import pyarrow
        from pyarrow import csv

        for number, field in enumerate(table.schema):
            if pyarrow.types.is_nested(field.type):
                texts = [
                    None if value is None else orjson.dumps(value).decode()
                    for value in table.column(number).to_pylist()
                ]
                table = table.set_column(number, field.name, pyarrow.array(texts, pyarrow.string()))
            elif pyarrow.types.is_dictionary(field.type):
                plain = table.column(number).cast(field.type.value_type)
                table = table.set_column(number, field.name, plain)
        for number, field in enumerate(table.schema):
            if pyarrow.types.is_string(field.type) or pyarrow.types.is_large_string(field.type):
                texts = [
                    None if value is None else neutral(value)
                    for value in table.column(number).to_pylist()
                ]
                table = table.set_column(number, field.name, pyarrow.array(texts, field.type))
        csv.write_csv(table.rename_columns([neutral(name) for name in table.column_names]), buffer)
    return buffer.getvalue()
