"""How well a mean is known: the confidence interval by Student's t distribution. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from autobench_nb.contract.steps import MetricRecord


def half_width(values: Sequence[float], confidence: float) -> float | None:
    """Half the confidence interval of the mean; None for fewer than two values."""
    size = len(values)
    if size < 2:
        return None
    mean = math.fsum(values) / size
    variance = math.fsum((value - mean) ** 2 for value in values) / (size - 1)
    return t_quantile(0.5 + confidence / 2, size - 1) * math.sqrt(variance / size)


def is_precise(values: Sequence[float], relative: float, confidence: float) -> bool:
    """Whether half the interval is at most such a share of the mean; never for fewer than two values."""
    half = half_width(values, confidence)
    if half is None:
        return False
    return half <= relative * abs(math.fsum(values) / len(values))


def metric_record(values: Sequence[float], confidence: float = 0.95) -> MetricRecord:
    """What values come to, for the state. There is at least one."""
    size = len(values)
    mean = math.fsum(values) / size
    half = half_width(values, confidence)
    sd = None
    if size > 1:
        sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (size - 1))
    return {"mean": mean, "sd": sd, "count": size, "halfWidth": half}


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """The value below which Student's t with so many degrees of freedom lies with this probability (above 0.5)."""
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if _t_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_below(value: float, freedom: int) -> float:
    """The distribution function of Student's t at ``value``, 0 or more."""
    return 1 - 0.5 * _beta(freedom / (freedom + value * value), freedom / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Press et al., Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    found = d
    for m in range(1, 500):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + factor * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + factor / c
            c = c if abs(c) > tiny else tiny
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found
