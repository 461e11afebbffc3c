"""Records a stream to a file: a second ffmpeg, which is given the pictures that have come and packs them as they are.

The source is opened once, so a device that only one may read can be watched and recorded; a recording goes on when the
source's own process is started again; and nobody who watches is disturbed.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from autobench_nb.contract.streams import StreamRecording
from autobench_nb.processes.launchers import Launchers
from autobench_nb.processes.stdin import InputClosed
from autobench_nb.sidecars.ffmpeg import recorder_argv
from autobench_nb.sidecars.pictures import Picture
from autobench_nb.sidecars.runner import Output, SaidLines, SidecarProcess

FOLDER: Final = Path("recordings")
"""Where a recording goes that was given no file."""
FREE_STEP: Final = 16 * 1024 * 1024
"""Free space is told in steps of so many bytes: others write to a disk, too, and it is no news each second."""
FINISH_S: Final = 10.0
"""How long a recorder may take to finish its file, before it is ended."""


class Recorder:
    """One recording, from its first picture to its file's end.

    Attributes: ``path`` of its file.

    Args:
        launchers: Start its process.
        program: ffmpeg's name or path.
        path: The file; one that is there is written over.
        say: Is told what the process says.
        ended: Is told when it has ended, on the process's thread; the reason where it has failed.
    """

    def __init__(
        self,
        launchers: Launchers,
        program: str,
        path: Path,
        *,
        say: Callable[[str], None],
        ended: Callable[[Recorder, str | None], None],
    ) -> None:
        self.path = path
        self._ended = ended
        self._lock = threading.Lock()
        self._is_ending = False
        self._record: StreamRecording = {
            "path": str(path),
            "startedAt": time.time() * 1e3,
            "endedAt": None,
            "bytes": 0,
            "pictures": 0,
            "dropped": 0,
            "reason": None,
        }
        # A name that begins with a dash, or looks like an address, is a file all the same.
        self._process = SidecarProcess(
            launchers,
            recorder_argv(program, f"file:{path}"),
            output=Output(lambda _: None),
            said=SaidLines(say, time.monotonic),
            ended=self._has_ended,
            takes_input=True,
            name="autobench-recorder",
        )

    def take(self, picture: Picture) -> None:
        """Record a picture; one that comes while the recorder is too slow is dropped and counted."""
        with self._lock:
            if self._is_ending or self._record["endedAt"] is not None:
                return
            try:
                self._process.input.write(picture.jpeg)
            except InputClosed:
                # Before the process runs nothing takes input either: the first pictures of all are no loss.
                if self._record["pictures"]:
                    self._record["dropped"] += 1
            else:
                self._record["pictures"] += 1

    def record(self) -> StreamRecording:
        """How the recording is now, as the stream's record has it."""
        with self._lock:
            if self._record["endedAt"] is None:
                self._record["bytes"] = _size(self.path)
            return {**self._record}

    def finish(self) -> None:
        """Write what is left, and the file's end; returns when that is done."""
        with self._lock:
            self._is_ending = True
        try:
            self._process.input.write(b"", end=True)
        except InputClosed:
            self._process.end()
        if not self._process.join(FINISH_S):
            self._process.end()
            self._process.join()

    def _has_ended(self, reason: str, succeeded: bool) -> None:
        with self._lock:
            fields: dict[str, Any] = {"endedAt": time.time() * 1e3, "bytes": _size(self.path)}
            if self._is_ending and not self._record["pictures"]:
                # Some versions of ffmpeg take that for a failure, and speak of a header that cannot be written.
                fields["reason"] = "no picture came while it was recorded"
            elif not (succeeded and self._is_ending):
                fields["reason"] = reason
            self._record.update(fields)  # type: ignore[typeddict-item]
        self._ended(self, self._record["reason"])


def free_bytes(folder: Path) -> int | None:
    """About what is left on the disk of a folder, which need not be there yet; None where that cannot be told."""
    here = folder.absolute()
    try:
        while not here.exists() and here != here.parent:
            here = here.parent
        return shutil.disk_usage(here).free // FREE_STEP * FREE_STEP
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
