"""How a public name goes away: under its old name it works on, and says which one takes its place, and since when.

``docs/stability.md`` promises it. Options of the command line do so by :class:`autobench_nb.cli.renamed.RenamedOption`.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def sentence(old: str, new: str, since: str) -> str:
    """What is said of a name that will go away."""
    return f"{old} is deprecated since version {since}: use {new}."


def renamed_argument(
    old: str, new: str, *, since: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function that still takes the argument ``new`` by the name that it had, ``old``, with a warning.

    Args:
        old: The name that goes away.
        new: The name in the function's signature.
        since: The version of this package that said so first.

    Raises:
        TypeError: By the decorated function, where it is given both.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__qualname__}()"

        @functools.wraps(function)
        def taking_both(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"{name} was given {new} and its old name {old}: give {new}.")
                # 2: the line that calls, which is where somebody can change it.
                text = sentence(f"{old} of {name}", new, since)
                warnings.warn(text, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return taking_both

    return decorate


class RenamedAttribute:
    """The old name of an attribute or a method: ``progress = RenamedAttribute("advance", since="0.2.0")``.

    Args:
        new: The name that takes its place.
        since: The version of this package that said so first.
    """

    def __init__(self, new: str, *, since: str) -> None:
        self._new = new
        self._since = since
        self._text = ""

    def __set_name__(self, owner: type, name: str) -> None:
        where = owner.__name__
        self._text = sentence(f"{where}.{name}", f"{where}.{self._new}", self._since)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        warnings.warn(self._text, DeprecationWarning, stacklevel=2)
        return getattr(instance, self._new)

    def __set__(self, instance: object, value: Any) -> None:
        warnings.warn(self._text, DeprecationWarning, stacklevel=2)
        setattr(instance, self._new, value)
