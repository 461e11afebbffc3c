"""Which server a client means that names none, or names one without its token: what the connection files tell."""

from __future__ import annotations

from collections.abc import Sequence

from autobench_nb.errors import TransportError
from autobench_nb.transports.connection_files import RunningServer, running_servers


def the_only_one(servers: Sequence[RunningServer] | None = None) -> RunningServer:
    """The one server of this user on this machine.

    Raises:
        TransportError: There is none, or there are several; the error lists them with what to type.
    """
    found = running_servers() if servers is None else servers
    if not found:
        raise TransportError(
            "no orchestrator of yours serves on this machine: bench.serve() starts one; for one elsewhere give its URL."
        )
    if len(found) > 1:
        choices = "".join(
            f"\n  ab.connect({one.url!r})  # {one.name}, since {one.started_at}, process {one.pid}, {one.session}"
            for one in found
        )
        raise TransportError(
            f"{len(found)} orchestrators of yours serve on this machine: say which.{choices}"
        )
    return found[0]


def token_for(url: str, servers: Sequence[RunningServer] | None = None) -> str | None:
    """The token of this user's server on this machine that ``url`` leads to; ``None`` where none is known."""
    found = running_servers() if servers is None else servers
    return next((one.token for one in found if one.serves(url)), None)
