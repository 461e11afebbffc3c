"""A stream that this orchestrator runs: carries out what its machine decides, and keeps the last picture."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from autobench_nb.errors import StreamError
from autobench_nb.logs.entry import Level
from autobench_nb.logs.text import Redact, as_it_is, clean
from autobench_nb.processes.launchers import Launchers
from autobench_nb.sidecars.ffmpeg import Ffmpeg, without_logins
from autobench_nb.sidecars.health import PictureClock, checks_of, is_frozen, status_of
from autobench_nb.sidecars.machine import SidecarEffect, SidecarMachine
from autobench_nb.sidecars.pictures import Picture, PictureSplitter, size_of
from autobench_nb.sidecars.recorder import FOLDER, Recorder, free_bytes
from autobench_nb.sidecars.runner import Output, SaidLines, SidecarProcess

NARRATION: Final = "stream"
"""The channel of what is said about streams."""
OUTPUT: Final = "ffmpeg"
"""The channel of what ffmpeg says."""
TICK_S: Final = 1.0
"""How often the record of what runs is told anew."""
STILL_S: Final = 5.0
END_S: Final = 10.0
_LEVELS: Final = {"live": Level.INFO, "off": Level.INFO, "starting": Level.INFO}

LogFunction = Callable[..., None]


class StreamSidecar:
    """One stream with its process and its recorder. Thread-safe.

    Args:
        asked: What the stream is.
        launchers: Start its processes.
        log: ``LogRing.append``.
        changed: Is told, on any thread, that its record is another one now.
        chance: Gives numbers from 0 to 1 for the jitter of restarts.
        redact: Takes secrets out of what its processes say when they end.
    """

    def __init__(
        self,
        asked: Ffmpeg,
        launchers: Launchers,
        log: LogFunction,
        changed: Callable[[], None],
        chance: Callable[[], float] = random.random,
        redact: Redact = as_it_is,
    ) -> None:
        self._redact = redact
        self.asked = asked
        self._launchers = launchers
        self._log = log
        self._changed = changed
        self._lock = threading.RLock()
        self._came = threading.Condition(self._lock)
        self._machine = SidecarMachine(asked.restart, chance)
        self._clock = PictureClock()
        self._process: SidecarProcess | None = None
        self._recorder: Recorder | None = None
        self._recorded: Recorder | None = None
        self._followers: list[Callable[[], None]] = []
        self._newest: Picture | None = None
        self._count = 0
        self._said_status = "off"
        self._free_bytes: int | None = None

    @property
    def newest(self) -> Picture | None:
        """The last picture; ``None`` before the first."""
        return self._newest

    # --- what is wanted of it

    def start(self) -> bool:
        """Run it; whether it was not to run before."""
        with self._lock:
            was_wanted = self._machine.wanted
            self._carry_out(self._machine.start(time.monotonic()))
        self._changed()
        return not was_wanted

    def stop(self) -> bool:
        """Run it no more, and finish its recording; whether it was to run before. Returns when all has ended."""
        with self._lock:
            was_wanted = self._machine.wanted
            self._carry_out(self._machine.stop())
            process = self._process
        self.stop_recording()
        if process is not None and not process.join(END_S):
            self.say(Level.WARN, f"{self.asked.name}: its process does not end.")
        self._changed()
        return was_wanted

    def restart(self) -> None:
        """End its process, where there is one, and start it anew."""
        with self._lock:
            self._carry_out(self._machine.stop())
            self._carry_out(self._machine.start(time.monotonic()))
        self._changed()

    def record(self, path: Path) -> Recorder:
        """Begin to record, from the next picture on.

        Raises:
            StreamError: It is recorded already, does not run, or its file cannot be written.
        """
        name = self.asked.name
        with self._lock:
            if self._recorder is not None:
                raise StreamError(
                    f"{name!r} is being recorded to {self._recorder.path}: end that first."
                )
            if not self._machine.wanted:
                raise StreamError(f"{name!r} is off: start it before it is recorded.")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.open("ab").close()
            except OSError as error:
                raise StreamError(f"{path} cannot be written: {error.strerror}.") from error
            recorder = Recorder(
                self._launchers,
                self.asked.program,
                path,
                say=self._say_output,
                ended=self._recording_ended,
            )
            self._recorder = self._recorded = recorder
        self.say(Level.INFO, f"{name}: it is recorded to {path}.")
        self._changed()
        return recorder

    def stop_recording(self) -> Recorder | None:
        """Finish the recording, where there is one; returns when its file is whole."""
        with self._lock:
            recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.finish()
            self._changed()
        return recorder

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """The last picture, where it is young; else the next one, which is waited for.

        Raises:
            StreamError: None has come in time; the message says why.
        """
        end = time.monotonic() + timeout_s
        with self._came:
            while True:
                now = time.monotonic()
                picture, at = self._newest, self._clock.last_at
                if picture is not None and at is not None and now - at <= self.asked.young_s:
                    return picture
                if now >= end or not self._machine.wanted:
                    why = self._machine.reason or (
                        "it is off" if not self._machine.wanted else "none has come"
                    )
                    raise StreamError(f"there is no young picture of {self.asked.name!r}: {why}.")
                self._came.wait(end - now)

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` with each picture that comes, on the process's thread. Gives back the way to end it."""
        with self._lock:
            self._followers.append(callback)

        def unfollow() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._followers.remove(callback)

        return unfollow

    def dismiss(self) -> None:
        """Have those who follow look once more: the stream is taken away."""
        with self._lock:
            followers = tuple(self._followers)
        for follower in followers:
            follower()

    # --- what it is

    def tick(self, now: float) -> float | None:
        """Time has passed. When it is to be called again at the latest, as ``time.monotonic`` says; None: never."""
        recorder = self._recorder
        # Outside of the lock: a disk that hangs must not hold up the pictures.
        self._free_bytes = free_bytes(FOLDER if recorder is None else recorder.path.parent)
        with self._lock:
            machine = self._machine
            self._carry_out(machine.tick(now))
            if not (machine.wanted or machine.has_process or self._recorder is not None):
                return None
            return now + TICK_S if machine.due is None else min(now + TICK_S, machine.due)

    def record_of_state(self) -> Mapping[str, Any]:
        """Its fields in the state, as they are now; what has changed for the worse or better is said in the log."""
        with self._lock:
            now, wall = time.monotonic(), time.time()
            machine, clock, limits = self._machine, self._clock, self.asked.limits
            checks = checks_of(machine, clock, limits, now)
            status = status_of(machine, checks)
            rates = clock.rates(now) if checks["young"]["ok"] else None
            frozen = checks["moving"]["ok"] is False and is_frozen(clock, limits, now)
            newest, recorded, ended = self._newest, self._recorded, machine.last_end

            def instant(at: float | None) -> float | None:
                return None if at is None else round((wall + at - now) * 1e3)

            reasons = (
                check["reason"]
                for check in (checks["process"], checks["young"], checks["moving"])
                if check["ok"] is False
            )
            fields = {
                "status": status,
                "wanted": machine.wanted,
                "reason": next(reasons, None),
                "startedAt": instant(machine.launched_at),
                "lastPictureAt": instant(clock.last_at),
                "changedAt": instant(clock.changed_at),
                "frozenSince": instant(clock.changed_at) if frozen else None,
                "checks": checks,
                "width": newest and newest.width,
                "height": newest and newest.height,
                "fps": rates and round(rates[0], 1),
                "bytesPerS": rates and round(rates[1]),
                "pictures": self._count,
                "restarts": machine.restarts,
                "lastEnd": ended and {"at": instant(ended[0]), "reason": ended[1]},
                "nextTryAt": instant(machine.next_try),
                "recording": recorded and recorded.record(),
                "freeBytes": self._free_bytes,
            }
        self._tell(status, fields["reason"])
        return fields

    def say(self, level: Level, text: str) -> None:
        """Log what is to be known of it."""
        self._log(NARRATION, level, text, logger=self.asked.name)

    def _tell(self, status: str, reason: Any) -> None:
        if status == self._said_status or status == "ending":
            return
        self._said_status = status
        why = f": {reason}" if reason else ""
        self.say(_LEVELS.get(status, Level.WARN), f"{self.asked.name} is {status}{why}.")

    # --- its process

    def _carry_out(self, effects: list[SidecarEffect]) -> None:
        for effect in effects:
            if effect is SidecarEffect.END and self._process is not None:
                self._process.end()
            elif effect is SidecarEffect.LAUNCH:
                self._launch()

    def _launch(self) -> None:
        self._clock.restart()
        splitter = PictureSplitter()
        name = self.asked.name
        said = SaidLines(self._say_output, time.monotonic)

        def take(data: bytes) -> None:
            for jpeg in splitter.feed(data):
                self._take(jpeg)

        self._process = SidecarProcess(
            self._launchers,
            self.asked.argv(),
            output=Output(take),
            said=said,
            ended=self._process_ended,
            name=f"autobench-stream-{name}",
        )

    def _take(self, jpeg: bytes) -> None:
        now = time.monotonic()
        size = size_of(jpeg) or (None, None)
        with self._came:
            self._count += 1
            picture = self._newest = Picture(jpeg, self._count, time.time(), *size)
            is_first = self._clock.last_at is None
            self._clock.came(jpeg, now)
            self._machine.picture(now)
            recorder, followers = self._recorder, tuple(self._followers)
            self._came.notify_all()
        if recorder is not None:
            recorder.take(picture)
        for follower in followers:
            follower()
        if is_first:
            self._changed()

    def _say_output(self, text: str) -> None:
        self._log(OUTPUT, _level_of(text), without_logins(text), logger=self.asked.name)

    def _process_ended(self, reason: str, succeeded: bool) -> None:
        del succeeded  # one that is to run and has ended by itself is to run again
        with self._came:
            self._process = None
            self._carry_out(
                self._machine.exited(time.monotonic(), self._redact(without_logins(clean(reason))))
            )
            self._came.notify_all()
        self._changed()

    def _recording_ended(self, recorder: Recorder, reason: str | None) -> None:
        with self._lock:
            if self._recorder is recorder:
                self._recorder = None
        if reason is None:
            self.say(Level.INFO, f"{self.asked.name}: {recorder.path} is recorded.")
        else:
            self.say(
                Level.ERROR, f"{self.asked.name}: the recording to {recorder.path} ended: {reason}."
            )
        self._changed()


def _level_of(text: str) -> Level:
    """ffmpeg is asked for warnings and worse, and does not say which is which."""
    lowered = text.lower()
    is_bad = any(word in lowered for word in ("error", "invalid", "no such", "cannot", "failed"))
    return Level.ERROR if is_bad else Level.WARN
