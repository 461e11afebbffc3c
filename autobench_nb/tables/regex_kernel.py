"""Arrow's regexes for the log's queries: RE2 over a whole column in one call, on the ring's own bytes.

Arrow is imported by the first query that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def search_column(
    text: bytes, offsets: NDArray[np.int64], pattern: str
) -> NDArray[np.bool_] | None:
    """Which of the texts have a match.

    Args:
        text: UTF-8 of all texts, end to end.
        offsets: Where each text begins in it, and at last where the last one ends, in bytes.
        pattern: For RE2.

    Returns:
        One truth for each text; ``None`` where Arrow's RE2 does not take the pattern, being allowed less memory than
        the query language's own.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.Array.from_buffers(
        pa.large_string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )
    try:
        found = pc.match_substring_regex(column, pattern)
    except pa.ArrowInvalid:
        return None
    matches: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return matches
