"""The same machine, seen from the client: it applies what follows on what it has, and asks for what does not.

A mirror never guesses. Where a patch does not start at its version it says that it is stale, and asks; where entries
are missing in front of a batch it asks for them; where the server says that they are gone, it counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from autobench_nb.contract.canonical import state_hash
from autobench_nb.contract.client_messages import (
    ClientMessage,
    Hello,
    HelloPayload,
    LogsReplay,
    Resume,
    SliceName,
    StateResync,
    Subscribe,
    SubscribePayload,
)
from autobench_nb.contract.defaults import SERVER_CONFIG
from autobench_nb.contract.limits import PROTOCOL
from autobench_nb.contract.parsing import parse_server
from autobench_nb.contract.records import OPTIONAL_SLICES, SLICES
from autobench_nb.contract.server_messages import (
    Bye,
    CommandResult,
    ErrorMessage,
    LogsAppend,
    LogsHistory,
    Pong,
    ServerBusy,
    StatePatch,
    StateSnapshot,
    Welcome,
)
from autobench_nb.errors import ProtocolError, StateError
from autobench_nb.state.patch import apply_patch
from autobench_nb.sync.client.effects import (
    Alive,
    Answered,
    Busy,
    Changed,
    CommandRefused,
    Connected,
    Farewell,
    LogsArrived,
    MirrorEffect,
    Replaced,
    SendUp,
)

ASK_AGAIN_S: Final = 2.0
"""A question that was not answered for so long is asked again, when there is still a reason to."""

LOST_HISTORY: Final = SERVER_CONFIG["logs"]["snapshot"]
"""Entries asked for where the first history did not come."""


class Mirror:
    """State and log position of one orchestrator, as far as its messages have come.

    ``epoch`` and ``state`` are ``None`` before the first snapshot. ``stale``: the state is known not to be the newest,
    and was asked for. ``missed``: log entries lost in this epoch. ``slices`` and ``logs_query``: what was subscribed
    to, ``None`` for everything; each new link says so again. Who reads the state must not change it: a patch leaves
    the old one as it was.
    """

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.version: int | None = None
        self.state: dict[str, Any] | None = None
        self.next_seq: int | None = None
        self.missed = 0
        self.stale = False
        self.slices: tuple[SliceName, ...] | None = None
        self.logs_query: str | None = None
        # Whether the state that is there has the slices that were subscribed to.
        self._has_slices = True
        # Whether this link has told its epoch: patches and batches do not carry one.
        self._linked = False
        # The newest of which we know.
        self._seen_version = 0
        self._seen_seq = 0
        self._asked_state_at: float | None = None
        self._asked_logs_at: float | None = None

    # ------------------------------------------------------------ what we say

    def hello(self, token: str | None = None) -> bytes:
        """The first message on a new link, with where we stand. Questions asked on the old link are forgotten."""
        self._linked = False
        self._asked_state_at = self._asked_logs_at = None
        resume = None
        if (
            self.epoch is not None
            and self.version is not None
            and self.next_seq is not None
            and self._has_slices
        ):
            resume = Resume(self.epoch, self.version, self.next_seq)
        payload = HelloPayload(
            capabilities=("json-patch", "resume"),
            token=token,
            resume=resume,
            slices=UNSET if self.slices is None else self.slices,
            logs_query=UNSET if self.logs_query is None else self.logs_query,
        )
        return _encoded(Hello(payload))

    def subscribe(
        self,
        now: float,
        *,
        slices: tuple[SliceName, ...] | UnsetType | None = UNSET,
        logs_query: str | UnsetType | None = UNSET,
        logs_history: int | None = None,
    ) -> bytes:
        """Mirror something else from now on, on this link and on those that follow.

        Args:
            now: Seconds, monotonic.
            slices: Only these; ``None``: all. Until their snapshot has come the state stays as it was, and stale.
            logs_query: Only entries that it finds; ``None``: all.
            logs_history: Ask for so many of the newest entries, too.

        Returns:
            The message to send, where there is a link.
        """
        if not isinstance(slices, UnsetType) and slices != self.slices:
            self.slices = slices
            self._has_slices = False
            self.stale = True
            self._asked_state_at = now
        if not isinstance(logs_query, UnsetType):
            self.logs_query = logs_query
        payload = SubscribePayload(slices=slices, logs_query=logs_query, logs_history=logs_history)
        return _encoded(Subscribe(payload))

    def hash(self) -> str | None:
        """What ``state.hash`` would say of this state, or of these slices."""
        return None if self.state is None else state_hash(self.state)

    # ------------------------------------------------------------ what we hear

    def receive(self, message: str | bytes | Mapping[str, Any], now: float) -> list[MirrorEffect]:
        """Take one message. Raises :class:`ProtocolError` for what is none, and then nothing has changed."""
        out: list[MirrorEffect] = []
        reply = parse_server(message)
        match reply:
            case StatePatch():
                self._patch(reply, out, now)
            case LogsAppend():
                self._append(reply, out, now)
            case StateSnapshot():
                self._snapshot(reply, out)
            case LogsHistory():
                self._history(reply, out, now)
            case Pong():
                self._pong(reply, out, now)
            case Welcome():
                self._welcome(reply, out)
            case CommandResult(id=id, ok=ok, value=value, error=failure):
                code, text = (None, None) if failure is None else (failure.code, failure.message)
                out.append(Answered(id, ok, value, code, text))
            case ErrorMessage(code=code, message=text, id=id, column=column):
                if id is not None:
                    out.append(Answered(id, False, None, code, text))
                else:
                    out.append(CommandRefused(code, text, column))
            case ServerBusy(busy=busy, since=since, listens=listens):
                out.append(Busy(busy, since, listens))
            case Bye(code=bye, reason=reason):
                out.append(Farewell(bye, reason))
        return out

    def _welcome(self, reply: Welcome, out: list[MirrorEffect]) -> None:
        if reply.protocol != PROTOCOL:
            raise ProtocolError(
                "protocol", f"The server speaks protocol {reply.protocol}, not {PROTOCOL}."
            )
        is_ahead = reply.state_version < (self.version or 0) or reply.next_seq < (
            self.next_seq or 0
        )
        if not self._linked and reply.epoch == self.epoch and is_ahead:
            # We stand where this server has never been: nothing that we hold is of use.
            self.epoch = None
            out.append(Replaced(reply.epoch))
        self._enter_epoch(reply.epoch, out)
        out.append(Connected(reply.epoch, reply.resumed, reply.read_only))

    def _enter_epoch(self, epoch: str, out: list[MirrorEffect]) -> None:
        """The link belongs to this epoch. Where it is another one: replace everything, merge nothing."""
        self._linked = True
        if epoch == self.epoch:
            return
        if self.epoch is not None:
            out.append(Replaced(epoch))
        self.epoch = epoch
        self.version = self.state = self.next_seq = None
        self.missed = self._seen_version = self._seen_seq = 0
        self.stale = False
        self._asked_state_at = self._asked_logs_at = None

    # ------------------------------------------------------------ state

    def _snapshot(self, reply: StateSnapshot, out: list[MirrorEffect]) -> None:
        self._enter_epoch(reply.epoch, out)
        if self.version is not None and reply.state_version < self.version:
            # A late copy of an older one.
            return
        if not self._is_of_slices(reply.data):
            # It was on its way when other slices were subscribed to, or the server has not heard that they were.
            self._has_slices = False
            self.stale = True
            return
        self._has_slices = True
        before, self.version, self.state = self.version, reply.state_version, reply.data
        self._arrived()
        out.append(Changed(before, reply.state_version, None, reply.reason))

    def _is_of_slices(self, data: Mapping[str, Any]) -> bool:
        """Whether a snapshot has the slices that were subscribed to, and not those of before."""
        if self.slices is not None:
            # Who asks for what is optional does not know whether it is there.
            wanted = {"version", *self.slices}
            return data.keys() <= wanted and wanted - data.keys() <= set(OPTIONAL_SLICES)
        return self._has_slices or data.keys() >= set(SLICES)

    def _patch(self, reply: StatePatch, out: list[MirrorEffect], now: float) -> None:
        if not self._linked:
            self._ask_state(out, now)
            return
        self._seen_version = max(self._seen_version, reply.to_version)
        if not self._has_slices:
            # It may be about slices that are not there: only their snapshot is right.
            self._ask_state(out, now)
            return
        if self.version is None or reply.from_version != self.version:
            if self.version is None or reply.to_version > self.version:
                self._ask_state(out, now)
            # Else it is a copy of one that we have.
            return
        try:
            state = apply_patch(self.state, reply.patch)
        except StateError:
            state = None
        if not isinstance(state, dict) or state.get("version") != reply.to_version:
            # What we have is not what the server thinks that we have.
            self.version = None
            self._ask_state(out, now)
            return
        self.state = state
        self.version = reply.to_version
        self._arrived()
        if reply.patch:
            out.append(Changed(reply.from_version, reply.to_version, tuple(reply.patch)))

    def _arrived(self) -> None:
        self.stale = (self.version or 0) < self._seen_version or not self._has_slices
        if not self.stale:
            self._asked_state_at = None

    def _ask_state(self, out: list[MirrorEffect], now: float) -> None:
        self.stale = True
        if self._asked_state_at is not None and now - self._asked_state_at < ASK_AGAIN_S:
            return
        self._asked_state_at = now
        question: ClientMessage = StateResync()
        if not self._has_slices:
            question = Subscribe(SubscribePayload(include_snapshot=True, slices=self.slices))
        elif self._linked and self.version is not None:
            question = StateResync(self.epoch, self.version)
        out.append(SendUp(_encoded(question)))

    # ------------------------------------------------------------ log

    def _append(self, reply: LogsAppend, out: list[MirrorEffect], now: float) -> None:
        if not self._linked:
            self._ask_logs(out, now)
            return
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.next_seq is None or reply.first_seq - reply.missed > self.next_seq:
            self._ask_logs(out, now)
            return
        mine = self.next_seq
        missed = min(reply.missed, max(0, reply.first_seq - mine))
        self._advance(reply.next_seq, missed)
        entries = tuple(entry for entry in reply.entries if entry["seq"] >= mine)
        if entries or missed:
            first = max(reply.first_seq, mine + missed)
            out.append(LogsArrived(entries, first, reply.next_seq, missed))

    def _history(self, reply: LogsHistory, out: list[MirrorEffect], now: float) -> None:
        self._enter_epoch(reply.epoch, out)
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.next_seq is None:
            # The first one. What lies before it was never asked for.
            self.next_seq = reply.first_seq - reply.missed
        if reply.first_seq - reply.missed > self.next_seq:
            # It does not reach back to where we stand.
            self._ask_logs(out, now)
            return
        mine = self.next_seq
        missed = min(reply.missed, max(0, reply.first_seq - mine))
        self._advance(reply.next_seq, missed)
        out.append(
            LogsArrived(
                tuple(reply.entries), reply.first_seq, reply.next_seq, missed, is_history=True
            )
        )
        if mine < self.next_seq < self._seen_seq:
            # An answer is bounded: there is more.
            self._asked_logs_at = None
            self._ask_logs(out, now)

    def _advance(self, next_seq: int, missed: int) -> None:
        self.missed += missed
        self.next_seq = max(self.next_seq or 0, next_seq)
        if self.next_seq >= self._seen_seq:
            self._asked_logs_at = None

    def _ask_logs(self, out: list[MirrorEffect], now: float) -> None:
        if self._asked_logs_at is not None and now - self._asked_logs_at < ASK_AGAIN_S:
            return
        self._asked_logs_at = now
        question: ClientMessage
        if self.next_seq is None:
            # The history was lost: what lies before it is not ours to ask for.
            question = Subscribe(
                SubscribePayload(include_snapshot=False, logs_history=LOST_HISTORY)
            )
        else:
            question = LogsReplay(self.next_seq, self.epoch if self._linked else None)
        out.append(SendUp(_encoded(question)))

    # ------------------------------------------------------------ heartbeat

    def _pong(self, reply: Pong, out: list[MirrorEffect], now: float) -> None:
        out.append(Alive(reply.ts))
        self._enter_epoch(reply.epoch, out)
        self._seen_version = max(self._seen_version, reply.state_version)
        self._seen_seq = max(self._seen_seq, reply.next_seq)
        if self.version is None or self.stale or self.version < self._seen_version:
            self._ask_state(out, now)
        if self.next_seq is None or self.next_seq < self._seen_seq:
            self._ask_logs(out, now)


def _encoded(message: ClientMessage) -> bytes:
    """The message as it travels, without fields that say nothing."""
    return msgspec.json.encode(message)
