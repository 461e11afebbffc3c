"""What clients may ask of the pno scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobench_nb.contract.commands import PNO_SCAN
from autobench_nb.contract.findings import PnoScanned
from autobench_nb.errors import CommandError, PathError
from autobench_nb.pno.scan import Pno


def pno_commands(pno: Pno) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Handlers of the scan's commands."""

    def scan(args: Mapping[str, Any]) -> PnoScanned:
        try:
            started, _ = pno.begin(PNO_SCAN.read(args).checks, because="asked for by a viewer")
        except PathError as error:
            raise CommandError("bad-args", str(error)) from None
        return {"started": started}

    return {PNO_SCAN.name: scan}
