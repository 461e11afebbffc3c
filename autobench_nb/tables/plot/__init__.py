"""Jobs of a run as a picture that a notebook shows, in its own colours: a table whose bars, dots and ticks are true."""

from __future__ import annotations

from autobench_nb.tables.plot.measures import MEASURES, measure_named
from autobench_nb.tables.plot.plot import Plot

__all__ = ["MEASURES", "Plot", "measure_named"]
