"""Which cell of a matrix has the next repetition, so that a drift of the machine favours nobody. Pure."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable

from autobench_nb.recipes.model import Order


class Turns:
    """The turns of the cells of one step: each turn is one repetition.

    ``interleaved``: round after round, in the plan's order. ``random``: each round in an order of its own, drawn by a
    seed, so that every cell has its share of early and late turns, whenever it is done (randomised blocks).

    Args:
        cells: The planned steps' ids.
        order: ``interleaved`` or ``random``.
        seed: Draws the orders.
    """

    def __init__(self, cells: Iterable[str], order: Order, seed: str) -> None:
        self._cells = list(cells)
        self._random = random.Random(seed) if order == "random" else None
        self._round: deque[str] = deque()

    def join(self, cell: str) -> None:
        """Take in a cell, such as one that is tried again."""
        if cell not in self._cells:
            self._cells.append(cell)

    def leave(self, cell: str) -> None:
        """Take out a cell that needs no more turns."""
        if cell in self._cells:
            self._cells.remove(cell)
        if cell in self._round:
            self._round.remove(cell)

    def next_of(self, is_ready: Callable[[str], bool]) -> str | None:
        """The cell whose turn it is of this round among those that are ready; None where none is."""
        if not self._round:
            drawn = list(self._cells)
            if self._random is not None:
                self._random.shuffle(drawn)
            self._round.extend(drawn)
        for cell in self._round:
            if is_ready(cell):
                self._round.remove(cell)
                return cell
        return None
