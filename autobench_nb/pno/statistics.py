"""Whether two samples differ, and by how much. Pure; scipy would be 35 MB for these few lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

EXACT_PAIRS: Final = 400
"""Up to so many pairs, and without ties, the probability is counted out; beyond it a normal distribution is near."""


class Shift(NamedTuple):
    """How a new sample lies to an old one.

    ``ratio``: of the medians, new by old. ``p``: two-sided, of the Mann-Whitney U test: how likely so large a
    difference is where there is none. ``delta``: Cliff's: 1 where every new value is above every old one, -1 where it
    is below, 0 where neither lies higher.
    """

    ratio: float
    p: float
    delta: float


def shift(old: Sequence[float], new: Sequence[float]) -> Shift:
    """Compare two samples, each of one value at least.

    Raises:
        ValueError: One of them is empty.
    """
    if not old or not new:
        raise ValueError("two samples are needed, each of one value at least")
    # Twice U, so that ties count as whole numbers.
    ranks = sorted(old)
    above = below = 0
    for value in new:
        low, high = _left(ranks, value), _right(ranks, value)
        above += low
        below += len(ranks) - high
    pairs = len(old) * len(new)
    delta = (above - below) / pairs
    base = median(old)
    ratio = median(new) / base if base else math.nan
    return Shift(ratio, _p(old, new, above + (pairs - above - below) / 2), delta)


def _left(ranks: Sequence[float], value: float) -> int:
    from bisect import bisect_left

    return bisect_left(ranks, value)


def _right(ranks: Sequence[float], value: float) -> int:
    from bisect import bisect_right

    return bisect_right(ranks, value)


def _p(old: Sequence[float], new: Sequence[float], u: float) -> float:
    m, n = len(old), len(new)
    counts = Counter((*old, *new))
    ties = any(count > 1 for count in counts.values())
    if not ties and m * n <= EXACT_PAIRS:
        return _exact_p(m, n, round(min(u, m * n - u)))
    total = m + n
    tied = sum(count**3 - count for count in counts.values())
    variance = m * n / 12 * (total + 1 - tied / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(u - m * n / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))


def _exact_p(m: int, n: int, u: int) -> float:
    """The share of all orders of ``m`` and ``n`` values whose U is at most ``u``, for both sides."""
    # ways[k]: in how many orders of i and n values U is k; one more of the m values is added at a time.
    ways = [[1] + [0] * (m * n) for _ in range(n + 1)]
    for i in range(1, m + 1):
        row = [[0] * (m * n + 1) for _ in range(n + 1)]
        row[0][0] = 1
        for j in range(1, n + 1):
            for k in range(i * j + 1):
                row[j][k] = row[j - 1][k - i] if k >= i else 0
                row[j][k] += ways[j][k]
        ways = row
    low = sum(ways[n][: u + 1])
    return min(1.0, 2 * low / math.comb(m + n, n))
