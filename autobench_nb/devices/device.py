"""What a device is to its supervisor: what can be asked how it is, can do things, and has an end."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from autobench_nb.contract.devices import ActionSpec
from autobench_nb.devices.declared import declared

Doing: TypeAlias = Callable[..., Any]
"""Does an action: takes its arguments by name; gives a value or an awaitable of one, and raises where it failed."""


@runtime_checkable
class Device(Protocol):
    """Something that can be operated. Its methods may be coroutine functions.

    No two methods are ever called at the same time, and all on one thread of the device's own (``close`` as well,
    unless a call does not come back: then ``close`` is called by another thread, so that it may free the one that
    hangs).

    A device may have further attributes: ``name`` (its id), ``type`` (what it is), ``units`` (of what it observes, by
    quantity), ``power`` (the quantity that is a power, in watts).
    """

    @property
    def actions(self) -> Mapping[str, Doing | Action]:
        """What it can do, by name."""
        ...

    def probe(self) -> Mapping[str, Any] | Awaitable[Mapping[str, Any]]:
        """Look how it is.

        Returns:
            What was observed, by quantity: JSON values. Numbers become samples.

        Raises:
            Exception: It does not answer; the text is shown as the reason.
        """
        ...

    def close(self) -> Any:
        """Let go of it. What is found open by the next :meth:`probe` may be opened again."""
        ...


def refusal_of(given: object) -> str | None:
    """Why something is neither a :class:`Device` nor the id of a record; None where it is one of them."""
    if isinstance(given, str):
        return None
    if isinstance(given, type):
        return f"{given.__name__} is a class: give a device of it, such as {given.__name__}()"
    lacks = [part for part in ("probe", "actions", "close") if not hasattr(given, part)]
    if lacks:
        absent = f"it has no {', no '.join(lacks)}"
        return f"{given!r:.80} is no id and no device: {absent}; a device has probe(), actions and close()"
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """An action that says more of itself than a function does.

    Attributes:
        do: Does it.
        about: One line for people.
        desired: Gives from the arguments what is wished for from then on, by quantity.
        args: The names of its arguments, where ``do`` takes any.
    """

    do: Doing
    about: str = ""
    desired: Callable[..., Mapping[str, Any]] | None = None
    args: tuple[str, ...] | None = field(default=None)

    def spec(self) -> ActionSpec:
        """The action as the state has it."""
        names, required, _ = self._takes()
        told: ActionSpec = {"about": self.about, "args": names, "required": required}
        if self.args is None:
            told = cast(ActionSpec, {**told, **declared(self.do)})
        return told

    def refusal(self, given: Mapping[str, Any]) -> str | None:
        """Why it does not take these arguments; None where it does."""
        names, required, any_other = self._takes()
        absent = [name for name in required if name not in given]
        if absent:
            return f"it lacks {', '.join(absent)}: it takes {', '.join(names)}"
        strange = [name for name in given if name not in names]
        if strange and not any_other:
            return f"it takes no {', '.join(strange)}: it takes {', '.join(names) or 'nothing'}"
        return None

    def _takes(self) -> tuple[list[str], list[str], bool]:
        """The names of the arguments, those that must be given, and whether any other may be given too."""
        if self.args is not None:
            return list(self.args), list(self.args), False
        try:
            parameters = inspect.signature(self.do).parameters.values()
        except (TypeError, ValueError):
            # Functions of C libraries often cannot say what they take.
            return [], [], True
        named = [
            one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        ]
        required = [one.name for one in named if one.default is one.empty]
        any_other = any(one.kind is one.VAR_KEYWORD for one in parameters)
        return [one.name for one in named], required, any_other


def action_of(made: Doing | Action) -> Action:
    """An action from what a device's ``actions`` has; the first line of a function's docstring says what it does."""
    if isinstance(made, Action):
        return made
    text = (inspect.getdoc(made) or "").strip() if inspect.isroutine(made) else ""
    return Action(made, about=text.split("\n", 1)[0])
