"""Log lines of other programs: formats as data, a reader that finds the one that fits, and the level any line says.

``replay``, ``POST /api/logs`` and the output of jobs share it. See ``docs/log-files.md``.
"""

from __future__ import annotations

from autobench_nb.logs.formats.catalogue import Catalogue, builtin_formats
from autobench_nb.logs.formats.definition import Format, read_formats
from autobench_nb.logs.formats.levels import level_of
from autobench_nb.logs.formats.line_level import level_of_line
from autobench_nb.logs.formats.parsed import PLAIN, ParsedLine
from autobench_nb.logs.formats.reader import JOINED, LineReader
from autobench_nb.logs.formats.times import zone_named

__all__ = [
    "JOINED",
    "PLAIN",
    "Catalogue",
    "Format",
    "LineReader",
    "ParsedLine",
    "builtin_formats",
    "level_of",
    "level_of_line",
    "read_formats",
    "zone_named",
]
