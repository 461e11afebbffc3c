"""Where a program is: what ``execvp`` does, with the ``PATH`` that the program is given."""

from __future__ import annotations

import errno
import os


def find_program(name: str, path: str | None) -> str:
    """The file to execute for ``name``. Raises :class:`OSError` (ENOENT, EACCES) where there is none."""
    if "/" in name:
        return name
    candidates = [
        f"{folder or '.'}/{name}"
        for folder in (os.defpath if path is None else path).split(os.pathsep)
    ]
    for candidate in candidates:
        # This way round, since to be told by an exception that nothing is there takes three times as long.
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    refused = any(map(os.path.isfile, candidates))
    number = errno.EACCES if refused else errno.ENOENT
    raise OSError(number, os.strerror(number), name)
