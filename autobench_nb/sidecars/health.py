"""Whether a stream is well, in three parts that fail each by itself: pure. Seconds of any one clock."""

from __future__ import annotations

from collections import deque
from typing import Final

from autobench_nb.contract.streams import StreamCheck, StreamChecks
from autobench_nb.sidecars.ffmpeg import PictureLimits
from autobench_nb.sidecars.machine import SidecarMachine, SidecarPhase

OF_LATE_S: Final = 3.0
"""Rates are told over so long."""

_WELL: Final[StreamCheck] = {"ok": True, "reason": None}


class PictureClock:
    """Keeps when pictures came, how large they were, and when one last differed from the one before it.

    What is compared are the pictures' bytes: the same encoder makes the same bytes of the same pixels. A clock that is
    burnt into the picture is a change, too.
    """

    def __init__(self) -> None:
        self._of_late: deque[tuple[float, int]] = deque()
        self._last: bytes | None = None
        self.last_at: float | None = None
        self.changed_at: float | None = None

    def restart(self) -> None:
        """Another process gives the pictures from now on: what it shows first is no change, nor is it frozen."""
        self._of_late.clear()
        self._last = None
        self.last_at = self.changed_at = None

    def came(self, jpeg: bytes, now: float) -> None:
        """Note a picture."""
        self.last_at = now
        self._of_late.append((now, len(jpeg)))
        self._forget(now)
        if jpeg != self._last:
            self.changed_at = now
        self._last = jpeg

    def rates(self, now: float) -> tuple[float, float] | None:
        """Pictures and bytes a second of late; ``None`` where too few came to tell."""
        self._forget(now)
        if len(self._of_late) < 2:
            return None
        took_s = self._of_late[-1][0] - self._of_late[0][0]
        if took_s <= 0:
            return None
        size = sum(count for _, count in self._of_late) - self._of_late[0][1]
        return (len(self._of_late) - 1) / took_s, size / took_s

    def _forget(self, now: float) -> None:
        while self._of_late and self._of_late[0][0] < now - OF_LATE_S:
            self._of_late.popleft()


def checks_of(
    machine: SidecarMachine, pictures: PictureClock, limits: PictureLimits, now: float
) -> StreamChecks:
    """The three checks of a stream, as its record has them."""
    young = _young(machine, pictures, limits, now)
    return {
        "process": _process(machine),
        "young": young,
        "moving": _moving(pictures, limits, now) if young["ok"] else _not_told(young),
    }


def is_frozen(pictures: PictureClock, limits: PictureLimits, now: float) -> bool:
    """Whether the picture has been the same for too long."""
    return pictures.changed_at is not None and now - pictures.changed_at > limits.frozen_s


def status_of(machine: SidecarMachine, checks: StreamChecks) -> str:
    """One word for how the stream is: the first thing that is wrong, or ``live``."""
    words = {
        SidecarPhase.OFF: "off",
        SidecarPhase.STARTING: "starting",
        SidecarPhase.ENDING: "ending",
        SidecarPhase.WAITING: "waiting",
        SidecarPhase.GIVEN_UP: "failed",
    }
    if machine.phase in words:
        return words[machine.phase]
    if not checks["young"]["ok"]:
        return "silent"
    return "live" if checks["moving"]["ok"] else "frozen"


def _process(machine: SidecarMachine) -> StreamCheck:
    if machine.has_process:
        return _WELL
    if not machine.wanted:
        return {"ok": None, "reason": "it is off"}
    given_up = machine.phase is SidecarPhase.GIVEN_UP
    return {
        "ok": False,
        "reason": f"{machine.reason}{': given up, start it again' if given_up else ''}",
    }


def _young(
    machine: SidecarMachine, pictures: PictureClock, limits: PictureLimits, now: float
) -> StreamCheck:
    if not machine.wanted:
        return {"ok": None, "reason": "it is off"}
    since = pictures.last_at if pictures.last_at is not None else machine.launched_at
    if since is None:
        return {"ok": False, "reason": "no process gives pictures"}
    if now - since > limits.young_s:
        fact = "no picture has come" if pictures.last_at is None else "the last picture is older"
        return {"ok": False, "reason": f"{fact} {_within(pictures, limits)}"}
    if pictures.last_at is None:
        return {"ok": None, "reason": "the first picture has not come yet"}
    return _WELL


def _within(pictures: PictureClock, limits: PictureLimits) -> str:
    return f"{'for' if pictures.last_at is None else 'than'} {limits.young_s:g} s"


def _moving(pictures: PictureClock, limits: PictureLimits, now: float) -> StreamCheck:
    if is_frozen(pictures, limits, now):
        return {
            "ok": False,
            "reason": f"the picture has been the same for more than {limits.frozen_s:g} s",
        }
    return _WELL


def _not_told(young: StreamCheck) -> StreamCheck:
    return {"ok": None, "reason": young["reason"] and "there is no young picture to tell by"}
