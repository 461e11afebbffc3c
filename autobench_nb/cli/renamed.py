"""An option's old name: it is taken, and a line on stderr names the new one."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from autobench_nb.deprecation import sentence


class RenamedOption(argparse.Action):
    """Of ``add_argument("--old", action=RenamedOption, new="--new", since="0.2.0", dest="new")``; help hides it."""

    def __init__(self, *args: Any, new: str, since: str, **options: Any) -> None:
        super().__init__(*args, **{**options, "help": argparse.SUPPRESS})
        self._new = new
        self._since = since

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value under the new name, and say so."""
        said = sentence(str(option_string), self._new, self._since)
        print(f"{parser.prog}: {said}", file=sys.stderr)
        setattr(namespace, self.dest, values)
