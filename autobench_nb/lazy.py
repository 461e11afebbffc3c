"""A module that is imported when something of it is first used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands in for a module that takes long to import; after the first use a look-up costs what it always does.

    For a name that many functions of a module use: ``if TYPE_CHECKING: import numpy as np``, and in its ``else`` branch
    ``np = LazyModule("numpy")``.
    """

    def __getattr__(self, name: str) -> Any:
        module = import_module(self.__name__)
        # From now on what is looked up stands here already.
        self.__dict__.update(vars(module))
        return getattr(module, name)
