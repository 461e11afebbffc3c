"""What a browser runs for every view, once in a notebook.

Each widget's traits are saved into the notebook file and travel with every view. So the code is no trait of the views:
one model holds it, each view names that model, and the views' own ``_esm`` is a loader of some kilobytes, which imports
the code once a page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anywidget
import traitlets

STATIC: Final = Path(__file__).resolve().parent.parent / "static"


def static_file(name: str) -> Path:
    """The path of a browser bundle.

    Raises:
        FileNotFoundError: The bundles were not built; the error says how they are.
    """
    path = STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: the browser bundles are made when the package is installed. "
            "Run `pip install -e .` in the checkout again."
        )
    return path


class ViewBundle(anywidget.AnyWidget):
    """The code and the styles of all views. Nobody shows it: its page imports the code as soon as it comes."""

    _esm = static_file("loader.js")
    code = traitlets.Unicode().tag(sync=True)
    styles = traitlets.Unicode().tag(sync=True)

    def __repr__(self) -> str:
        """A stable text, without the code."""
        return "ViewBundle()"


_shared: list[ViewBundle] = []


def shared_bundle() -> ViewBundle:
    """The one of this kernel, made with the first view; another where somebody has closed it."""
    if not _shared or _shared[0].comm is None:
        _shared[:] = [
            ViewBundle(
                code=static_file("widget.js").read_text("utf-8"),
                styles=static_file("widget.css").read_text("utf-8"),
            )
        ]
    return _shared[0]
