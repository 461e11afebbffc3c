"""The store said in the plainest way: everything deep-copied, nothing remembered.

The real one is compared with it.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from autobench_nb.state.pointer import index, parse

State = dict[str, Any]


class Impossible(Exception):
    """The mutation cannot be."""


def parent(state: State, pointer: str) -> tuple[Any, str]:
    """The container of the last part, and that part."""
    *parts, last = parse(pointer)
    container: Any = state
    for part in parts:
        if isinstance(container, dict) and part in container:
            container = container[part]
        elif isinstance(container, list) and index(part, len(container)) is not None:
            container = container[int(part)]
        else:
            raise Impossible
    if not isinstance(container, dict | list):
        raise Impossible
    return container, last


def put(state: State, pointer: str, value: Any) -> State:
    """``state`` with ``value`` at ``pointer``."""
    state = copy.deepcopy(state)
    container, last = parent(state, pointer)
    if isinstance(container, dict):
        container[last] = copy.deepcopy(value)
    elif last == "-":
        container.append(copy.deepcopy(value))
    elif index(last, len(container)) is not None:
        container[int(last)] = copy.deepcopy(value)
    else:
        raise Impossible
    return state


def remove(state: State, pointer: str) -> State:
    """``state`` without what stands at ``pointer``."""
    state = copy.deepcopy(state)
    container, last = parent(state, pointer)
    if isinstance(container, dict) and last in container:
        del container[last]
    elif isinstance(container, list) and index(last, len(container)) is not None:
        del container[int(last)]
    else:
        raise Impossible
    return state


def merge(state: State, pointer: str, mapping: State) -> State:
    """``state`` with ``mapping`` laid over the object at ``pointer``."""
    container, last = parent(state, pointer)
    if isinstance(container, dict) and last in container:
        old = container[last]
    elif isinstance(container, list) and index(last, len(container)) is not None:
        old = container[int(last)]
    else:
        return put(state, pointer, mapping)
    if not isinstance(old, dict):
        raise Impossible
    return put(state, pointer, _merged(old, mapping))


def _merged(old: State, new: State) -> State:
    merged = dict(old)
    for key, value in new.items():
        stood = merged.get(key)
        both = isinstance(value, dict) and isinstance(stood, dict)
        merged[key] = _merged(stood, value) if both else value  # type: ignore[arg-type]
    return merged


KEYS = st.sampled_from(["a", "b", "c/d", "0", "1", "-"])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.floats(0, 1) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=4)
POINTERS = st.builds(
    lambda slice_name, parts: slice_name + "".join("/" + part for part in parts),
    st.sampled_from(["/devices/d", "/devices/d/x", "/meta/free", "/config/l"]),
    st.lists(KEYS.map(lambda key: key.replace("/", "~1")), max_size=3),
)
MUTATIONS = (
    st.tuples(st.just("set"), POINTERS, VALUES)
    | st.tuples(st.just("remove"), POINTERS)
    | st.tuples(st.just("merge"), POINTERS, MAPPINGS)
)


def naively(state: State, mutation: tuple[Any, ...]) -> State:
    """``state`` after ``mutation``, or :class:`Impossible`."""
    kind, pointer, *arguments = mutation
    if kind in ("set", "merge") and pointer == "/devices/d":
        value = arguments[0]
        if not isinstance(value, dict):
            raise Impossible  # a device is an object
    if kind == "remove":
        return remove(state, pointer)
    return (put if kind == "set" else merge)(state, pointer, arguments[0])
