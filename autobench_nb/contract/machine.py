"""What is known of the machine on which jobs run: records of the state."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta as About

from autobench_nb.contract.types import Instant


class MachineRecord(TypedDict, total=False):
    """``/meta/machines/{id}``: one state of the machine in which jobs ran; what is not known is null."""

    id: Annotated[str, About(description="the same for the same values, in every process")]
    seenAt: Annotated[Instant, About(description="when it was first found so")]
    host: str | None
    architecture: str | None
    cpuModel: str | None
    cores: Annotated[int | None, About(description="physical cores")]
    processors: Annotated[int | None, About(description="logical processors that are online")]
    usable: Annotated[int | None, About(description="processors that this process may use")]
    maxMhz: float | None
    governor: Annotated[
        str | None, About(description="of the clock; several, with commas, where they differ")
    ]
    turbo: bool | None
    smt: Annotated[bool | None, About(description="whether cores run several threads")]
    memoryBytes: int | None
    kernel: str | None
    os: str | None
    virtualization: Annotated[str | None, About(description="`none` on bare metal")]
    container: Annotated[str | None, About(description="`none` where there is none")]
    cgroup: Annotated[int | None, About(description="the version of control groups: 1 or 2")]
    cpuLimit: Annotated[
        float | None, About(description="processors' worth of time that may be used")
    ]
    memoryLimitBytes: int | None
    tools: Annotated[dict[str, str], About(description="versions by name")]
    commit: Annotated[str | None, About(description="git's, of the folder in which the job runs")]
    dirty: Annotated[bool | None, About(description="whether tracked files differ from it")]
    absent: Annotated[
        dict[str, str],
        About(description="why a value is not known, by its name; measures of noise too"),
    ]
