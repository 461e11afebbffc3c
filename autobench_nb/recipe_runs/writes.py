"""How a run is written to a state that may refuse it: told once, and tried again with growing pauses."""

from __future__ import annotations

from typing import Any, Final

from autobench_nb.recipe_runs.actors import Actors

LATE_S: Final = 0.02
"""Between two writes to the state; and until it is tried again while somebody's batch is open."""
MOST_LATE_S: Final = 5.0
"""The longest pause until what the state has refused is tried again."""


class PatientWrites:
    """Writes one run to the state. Its own thread alone calls this.

    Args:
        actors: What the run acts through.
        actor: The run.

    Attributes:
        pause_s: How long to wait before it is written again.
        is_refused: Whether the state has refused it the last time.
    """

    def __init__(self, actors: Actors, actor: Any) -> None:
        self._actors = actors
        self._actor = actor
        self.pause_s = LATE_S
        self.is_refused = False

    def write(self) -> bool:
        """Write what has changed; False where that is to be tried again.

        What the state refuses (a projection of the user's may raise anything) fails no run, and nobody waits for one
        without end because its record cannot be shown.
        """
        try:
            is_written = self._actors.write(self._actor)
        except Exception as error:  # noqa: BLE001 - a projection is the user's code
            self._actors.complain(self._actor, None if self.is_refused else error)
            self.pause_s = min(MOST_LATE_S, 2 * self.pause_s)
            self.is_refused = True
            return False
        if is_written:
            self.pause_s, self.is_refused = LATE_S, False
        return is_written
