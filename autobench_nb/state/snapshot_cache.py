"""The snapshot, encoded in parts that stay good until something within them changes.

Each slice is a part; a wide object is cut into chunks of some keys, in their order; an object that holds a wide one is
a branch of parts. A stale part knows nothing of its value: it looks it up when it is encoded again. So after one
change one chunk is encoded, and the rest is joined.

Parts become stale at a flush, by its touched tree, which names all that was touched in the window. One encoded in the
middle of a window may have looked at half a change, or at nothing: it is stale again at the window's end.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from autobench_nb.state.pointer import MISSING, find
from autobench_nb.state.tracking import Node

WIDE: Final = 256
"""An object of so many keys is cut into chunks."""

CHUNK: Final = 128
"""Keys in a chunk, at most."""


class _Encoded:
    __slots__ = ("key", "parent", "path")

    def __init__(self, parent: _Branch | None, key: str) -> None:
        self.parent = parent
        self.key = key
        self.path: tuple[str, ...] = () if parent is None else (*parent.path, key)


class _Leaf(_Encoded):
    """A value encoded whole; ``data`` is ``None`` while stale."""

    __slots__ = ("data",)

    def __init__(self, parent: _Branch | None, key: str) -> None:
        super().__init__(parent, key)
        self.data: bytes | None = None


class _Branch(_Encoded):
    """An object of a few keys, a part each."""

    __slots__ = ("children",)

    def __init__(self, parent: _Branch | None, key: str) -> None:
        super().__init__(parent, key)
        self.children: dict[str, _Leaf | _Branch | _Wide] = {}


class _Chunk:
    """Some neighbouring members of a wide object, encoded without the braces."""

    __slots__ = ("data", "keys", "wide")

    def __init__(self, wide: _Wide, keys: list[str]) -> None:
        self.wide = wide
        self.keys = dict.fromkeys(keys)
        self.data: bytes | None = None
        wide.chunks.append(self)
        wide.chunk_of.update(dict.fromkeys(keys, self))


class _Wide(_Encoded):
    """An object of many keys. It is stale while some of ``keys``, from ``at`` on, are in no chunk yet."""

    __slots__ = ("at", "chunk_of", "chunks", "keys")

    def __init__(self, parent: _Branch | None, key: str, keys: list[str]) -> None:
        super().__init__(parent, key)
        self.chunks: list[_Chunk] = []
        self.chunk_of: dict[str, _Chunk] = {}
        self.keys = keys
        self.at = 0

    def cut(self) -> _Chunk:
        """The next chunk."""
        begin, self.at = self.at, self.at + CHUNK
        taken = self.keys[begin : self.at]
        if self.at >= len(self.keys):
            self.keys = []
        return _Chunk(self, [key for key in taken if key not in self.chunk_of])


class SnapshotCache:
    """The encoded parts of one state. The store calls it within its lock, and outside of any batch."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._root = _Branch(None, "")
        self._stale: dict[_Leaf | _Chunk | _Wide, None] = {}
        for key in state:
            if key != "version":
                self._leaf(self._root, key)

    def touch(self, touched: Node) -> None:
        """Make stale what the touched tree of a window touched."""
        for key, below in touched.items():
            self._touch(self._root.children[key], below, self._state[key])

    def warm(self, parts: int) -> bool:
        """Encode up to ``parts`` stale parts. True when none is left."""
        stale = self._stale
        while stale and parts > 0:
            part, _ = stale.popitem()
            if isinstance(part, _Chunk):
                self._encode_chunk(part)
            elif isinstance(part, _Leaf):
                self._encode_leaf(part)
            elif part.keys:
                stale[part] = None
                self._encode_chunk(part.cut())
            parts -= 1
        return not stale

    def assemble(self, version: int) -> bytes:
        """The JSON of the whole state."""
        while not self.warm(1_000):
            pass
        out = [b'{"version":%d' % version]
        for key, part in self._root.children.items():
            out.append(b',"%s":' % key.encode())  # slices have plain names
            _emit(part, out)
        out.append(b"}")
        return b"".join(out)

    def _leaf(self, parent: _Branch, key: str) -> None:
        leaf = _Leaf(parent, key)
        parent.children[key] = leaf
        self._stale[leaf] = None

    def _touch(self, part: _Leaf | _Branch | _Wide, below: Any, value: Any) -> None:
        if below.__class__ is dict and not below:  # left over from what was rolled back
            return
        if isinstance(part, _Leaf):
            part.data = None
            self._stale[part] = None
        elif below.__class__ is not dict or value.__class__ is not dict:
            self._forget(part)
            assert part.parent is not None
            self._leaf(part.parent, part.key)
        elif isinstance(part, _Wide):
            for key, deeper in below.items():
                if deeper.__class__ is not dict or deeper:
                    self._touch_member(part, key, key in value)
        else:
            for key, deeper in below.items():
                child = part.children.get(key)
                if key not in value:
                    if child is not None:
                        self._forget(child)
                        del part.children[key]
                elif child is None:
                    self._leaf(part, key)
                else:
                    self._touch(child, deeper, value[key])

    def _touch_member(self, wide: _Wide, key: str, present: bool) -> None:
        chunk = wide.chunk_of.get(key)
        if chunk is None:
            if not present:
                return
            if wide.keys:
                # The key may be among them already: then it is skipped the second time.
                wide.keys.append(key)
                return
            if not wide.chunks or len(wide.chunks[-1].keys) >= CHUNK:
                _Chunk(wide, [])
            chunk = wide.chunk_of[key] = wide.chunks[-1]
            chunk.keys[key] = None
        elif not present:
            del chunk.keys[key], wide.chunk_of[key]
            if len(chunk.keys) < CHUNK // 4:
                self._absorb(wide, chunk)
                return
        chunk.data = None
        self._stale[chunk] = None

    def _absorb(self, wide: _Wide, chunk: _Chunk) -> None:
        """Give a chunk that has become small to its neighbour on the left, if that has room, so that few stay few."""
        chunk.data = None
        self._stale[chunk] = None
        at = wide.chunks.index(chunk)
        if at == 0 or len(wide.chunks[at - 1].keys) + len(chunk.keys) > CHUNK:
            if not chunk.keys:
                wide.chunks.pop(at)
                del self._stale[chunk]
            return
        left = wide.chunks[at - 1]
        left.keys.update(chunk.keys)
        wide.chunk_of.update(dict.fromkeys(chunk.keys, left))
        wide.chunks.pop(at)
        del self._stale[chunk]
        left.data = None
        self._stale[left] = None

    def _forget(self, part: _Leaf | _Branch | _Wide) -> None:
        if isinstance(part, _Leaf):
            self._stale.pop(part, None)
        elif isinstance(part, _Wide):
            self._stale.pop(part, None)
            for chunk in part.chunks:
                self._stale.pop(chunk, None)
        else:
            for child in part.children.values():
                self._forget(child)

    def _encode_chunk(self, chunk: _Chunk) -> None:
        value = find(self._state, chunk.wide.path)
        if value.__class__ is not dict:
            value = {}
        chunk.data = orjson.dumps({key: value[key] for key in chunk.keys if key in value})[1:-1]

    def _encode_leaf(self, leaf: _Leaf) -> None:
        value = find(self._state, leaf.path)
        parent = leaf.parent
        assert parent is not None
        if value.__class__ is dict and len(value) >= WIDE:
            wide = _Wide(parent, leaf.key, list(value))
            parent.children[leaf.key] = wide
            self._stale[wide] = None
        elif value.__class__ is dict and _holds_wide(value, 2):
            branch = _Branch(parent, leaf.key)
            parent.children[leaf.key] = branch
            for key in value:
                self._leaf(branch, key)
        else:
            leaf.data = b"null" if value is MISSING else orjson.dumps(value)


def _holds_wide(value: dict[str, Any], levels: int) -> bool:
    return any(
        item.__class__ is dict
        and (len(item) >= WIDE or (levels > 1 and _holds_wide(item, levels - 1)))
        for item in value.values()
    )


def _emit(part: _Leaf | _Branch | _Wide, out: list[bytes]) -> None:
    if isinstance(part, _Leaf):
        assert part.data is not None
        out.append(part.data)
        return
    out.append(b"{")
    begin = len(out)
    if isinstance(part, _Wide):
        for chunk in part.chunks:
            if chunk.data:
                out += (chunk.data, b",")
    else:
        for key, child in part.children.items():
            out.append(orjson.dumps(key) + b":")
            _emit(child, out)
            out.append(b",")
    if len(out) > begin:
        out.pop()
    out.append(b"}")
