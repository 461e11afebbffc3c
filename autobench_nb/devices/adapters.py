"""Devices of other people's libraries: PyVISA instruments, ophyd devices, QCoDeS instruments.

None of these libraries is imported here: an object that speaks as theirs do is all that is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from autobench_nb.devices.device import Action
from autobench_nb.devices.lines import Exchange, LineAction


class VisaDevice:
    """A PyVISA resource: what it observes are queries, what it does are messages.

    Args:
        name: Its id.
        resource: What ``ResourceManager.open_resource`` gives.
        queries: The query of each quantity, such as ``{"volts": "MEAS:VOLT?"}``.
        actions: The message of each action, such as ``{"set": "VOLT {volts}"}``; ``{name}`` stands for an argument.
        answered: Actions whose message the instrument answers; the answer is the action's value. All whose message
            has a ``?``, where none are named.
        desired: What is wished for once an action is done, such as ``{"set": {"volts": "{volts}"}}``.
        units: Of the quantities.
        type: What it is.
        power: The quantity that is a power in watts.
    """

    def __init__(
        self,
        name: str,
        resource: Any,
        queries: Mapping[str, str],
        *,
        actions: Mapping[str, str] | None = None,
        answered: Iterable[str] | None = None,
        desired: Mapping[str, Mapping[str, Any]] | None = None,
        units: Mapping[str, str] | None = None,
        type: str = "VISA instrument",
        power: str | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.units = dict(units or {})
        self.power = power
        self._resource = resource
        self._queries = dict(queries)
        wishes = desired or {}
        told = actions or {}
        reads = [key for key, text in told.items() if "?" in text]
        self._answered = frozenset(reads if answered is None else answered)
        messages = {
            key: LineAction(Exchange(message), desired=wishes.get(key, {}))
            for key, message in told.items()
        }
        self._actions = {
            key: Action(
                partial(self._act, key, one),
                about=one.exchange.query,
                desired=lambda one=one, **args: one.wishes(args),
                args=one.args,
            )
            for key, one in messages.items()
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """What it can do."""
        return self._actions

    def probe(self) -> dict[str, Any]:
        """Ask all queries."""
        return {
            name: value_of(self._resource.query(query)) for name, query in self._queries.items()
        }

    def close(self) -> None:
        """Close the resource."""
        self._resource.close()

    def _act(self, name: str, action: LineAction, /, **args: Any) -> Any:
        message = action.exchange.filled(args).query
        if name in self._answered:
            return value_of(self._resource.query(message))
        self._resource.write(message)
        return None


class OphydDevice:
    """An ophyd device: what it observes is what ``read()`` gives, and ``set`` moves it where it can be moved.

    Args:
        name: Its id.
        device: The ophyd device or signal.
        timeout_s: Seconds that ``set`` may take.
    """

    power = None

    def __init__(self, name: str, device: Any, *, timeout_s: float = 10.0) -> None:
        self.name = name
        self.type = f"ophyd {type(device).__name__}"
        self._device = device
        self._timeout_s = timeout_s
        told = device.describe()
        self.units = {key: str(one["units"]) for key, one in told.items() if one.get("units")}

    @property
    def actions(self) -> Mapping[str, Action]:
        """``set``, and ``stop`` and ``trigger`` where the device has them."""
        made: dict[str, Action] = {}
        if hasattr(self._device, "set"):
            made["set"] = Action(self._set, "Move it to a value.", self._wish, ("value",))
        for verb in ("trigger", "stop"):
            if hasattr(self._device, verb):
                made[verb] = Action(partial(self._call, verb), f"{verb.capitalize()} it.", args=())
        return made

    def probe(self) -> dict[str, Any]:
        """Read it."""
        return {key: one["value"] for key, one in self._device.read().items()}

    def close(self) -> None:
        """Let go of it, where it has an end."""
        if hasattr(self._device, "destroy"):
            self._device.destroy()

    def _set(self, value: Any) -> None:
        self._device.set(value).wait(timeout=self._timeout_s)

    def _wish(self, value: Any) -> dict[str, Any]:
        # The first of what it reads is what a positioner is at.
        return {next(iter(self._device.read())): value}

    def _call(self, verb: str) -> None:
        status = getattr(self._device, verb)()
        if hasattr(status, "wait"):
            status.wait(timeout=self._timeout_s)


class QcodesDevice:
    """A QCoDeS instrument: some of its parameters are observed, and may be set.

    Args:
        name: Its id.
        instrument: The instrument.
        parameters: Those that are observed; all that can be got, where none are named.
    """

    power = None

    def __init__(self, name: str, instrument: Any, parameters: Iterable[str] | None = None) -> None:
        self.name = name
        self.type = f"QCoDeS {type(instrument).__name__}"
        self._instrument = instrument
        every = instrument.parameters
        chosen = [one for one in every if one != "IDN"] if parameters is None else list(parameters)
        self._parameters = {key: every[key] for key in chosen if every[key].gettable}
        self.units = {
            key: one.unit for key, one in self._parameters.items() if getattr(one, "unit", "")
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """``set``: a parameter by its name, to a value."""
        about = "Set a parameter to a value."
        wish = lambda parameter, value: {parameter: value}  # noqa: E731 - a wish in one line
        return {"set": Action(self._set, about, wish, ("parameter", "value"))}

    def probe(self) -> dict[str, Any]:
        """Get all parameters."""
        return {key: one.get() for key, one in self._parameters.items()}

    def close(self) -> None:
        """Close the instrument."""
        self._instrument.close()

    def _set(self, parameter: str, value: Any) -> None:
        self._instrument.parameters[parameter].set(value)


def value_of(text: str) -> Any:
    """An instrument's answer: a number where it is one, else the text without the space around it."""
    bare = text.strip()
    try:
        return float(bare)
    except ValueError:
        return bare
