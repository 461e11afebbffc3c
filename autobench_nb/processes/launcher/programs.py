"""Where a program is: what ``execvp`` does, with the ``PATH`` that the program is given."""

from __future__ import annotations

import errno
import os


def find_program(name: str, path: str | None) -> str:
    """The file to execute for ``name``. Raises :class:`OSError` (ENOENT, EACCES) where there is none."""
    if "/" in name:
        return name
    refused = False
    for folder in (os.defpath if path is None else path).split(os.pathsep):
        candidate = os.path.join(folder or ".", name)
        if os.path.isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            refused = True
    number = errno.EACCES if refused else errno.ENOENT
    raise OSError(number, os.strerror(number), name)
