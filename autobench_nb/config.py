"""Every setting, checked once, at start.

A setting has one field, one environment variable (and aliases where the plan names another), one parser and one line
of documentation; the table of docs/reference/settings.md is made from here by :func:`settings_table`. The environment
is an argument (as in starlette's ``Config``), so that tests need not touch the process.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from autobench_nb.contract.defaults import SERVER_CONFIG, WS_DEFAULTS
from autobench_nb.contract.levels import LEVEL_NAMES
from autobench_nb.contract.limits import MAX_INTEGER
from autobench_nb.errors import ConfigError, OptionError


@dataclass(frozen=True, slots=True)
class Setting:
    """How one field is read: ``variables`` in order of preference, ``parse`` from text, ``accepts`` in words."""

    variables: tuple[str, ...]
    parse: Callable[[str], Any]
    check: Callable[[Any], bool]
    accepts: str
    doc: str


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in {"true", "1", "yes", "on"}:
        return True
    if lowered in {"false", "0", "no", "off"}:
        return False
    raise ValueError(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _setting(
    default: Any,
    variables: str,
    doc: str,
    *,
    parse: Callable[[str], Any],
    check: Callable[[Any], bool],
    accepts: str,
) -> Any:
    setting = Setting(tuple(variables.split()), parse, check, accepts, doc)
    return dataclasses.field(default=default, metadata={"setting": setting})


def _whole(
    default: int | None, variables: str, doc: str, *, low: int, high: int = MAX_INTEGER
) -> Any:
    def check(value: Any) -> bool:
        if value is None:
            return default is None
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    upper = "" if high == MAX_INTEGER else f" to {high:,}"
    words = f"a whole number from {low:,}{upper}" if upper else f"a whole number, {low:,} or more"
    return _setting(default, variables, doc, parse=int, check=check, accepts=words)


def _real(default: float, variables: str, doc: str, *, low: float, high: float) -> Any:
    def check(value: Any) -> bool:
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        return real and math.isfinite(value) and low <= value <= high

    words = f"a number from {low:g} to {high:g}"
    return _setting(default, variables, doc, parse=float, check=check, accepts=words)


def _flag(default: bool, variables: str, doc: str) -> Any:
    def check(value: Any) -> bool:
        return isinstance(value, bool)

    return _setting(default, variables, doc, parse=_boolean, check=check, accepts="true or false")


def _list(default: tuple[str, ...], variables: str, doc: str) -> Any:
    def check(value: Any) -> bool:
        return isinstance(value, tuple) and all(isinstance(part, str) and part for part in value)

    return _setting(
        default, variables, doc, parse=_names, check=check, accepts="names separated by commas"
    )


def _level(value: Any) -> bool:
    return value in LEVEL_NAMES


_LOGS = SERVER_CONFIG["logs"]


def _patterns(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _is_patterns(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, str) for part in value)


TOKEN_VARIABLE: Final = "AUTOBENCH_TOKEN"
"""Holds the access token. No setting: it is a secret, and what the orchestrator starts does not inherit it."""
READ_TOKEN_VARIABLE: Final = "AUTOBENCH_READ_TOKEN"
"""Holds the token of those who may look and not command; as :data:`TOKEN_VARIABLE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one orchestrator. Times and sizes are in the unit that the name says, such as ``_ms``.

    Raises:
        ConfigError: A setting has a value that it cannot have; the error says the variable's name and what it accepts.
    """

    log_capacity: int = _whole(
        _LOGS["capacity"],
        "LOG_CAPACITY",
        "Log entries that the server's ring holds",
        low=1,
        high=100_000_000,
    )
    log_channel_allowlist: tuple[str, ...] = _list(
        (), "LOG_CHANNEL_ALLOWLIST", "Channels that clients see; empty: every channel"
    )
    log_level_min: str = _setting(
        _LOGS["minLevel"].value,
        "LOG_LEVEL_MIN",
        "Lowest level that clients see",
        parse=str.lower,
        check=_level,
        accepts="one of " + ", ".join(LEVEL_NAMES),
    )
    log_redact_regex: tuple[str, ...] = _setting(
        (),
        "LOG_REDACT_REGEX",
        "What matches this RE2 pattern is replaced before it reaches the ring",
        parse=_patterns,
        check=_is_patterns,
        accepts="a pattern in RE2 syntax",
    )
    log_redact_secrets: bool = _flag(
        False,
        "LOG_REDACT_SECRETS",
        "Also redact cloud keys, bearer tokens, URLs with passwords and private keys",
    )
    client_logs_snapshot: int = _whole(
        _LOGS["snapshot"],
        "CLIENT_LOGS_SNAPSHOT",
        "Log entries sent to a client when it connects",
        low=0,
    )
    client_logs_capacity: int | None = _whole(
        None,
        "CLIENT_LOGS_CAPACITY",
        "Log entries that a client holds; unset: as many as the server's ring",
        low=1,
    )
    ws_heartbeat_interval_ms: int = _whole(
        int(WS_DEFAULTS["heartbeatIntervalMs"]),
        "VITE_WS_HEARTBEAT_INTERVAL_MS WS_HEARTBEAT_INTERVAL_MS",
        "A client pings this often",
        low=100,
    )
    ws_heartbeat_timeout_ms: int = _whole(
        int(WS_DEFAULTS["heartbeatTimeoutMs"]),
        "VITE_WS_HEARTBEAT_TIMEOUT_MS WS_HEARTBEAT_TIMEOUT_MS",
        "A client reconnects when a pong takes longer",
        low=100,
    )
    ws_reconnect_enabled: bool = _flag(
        WS_DEFAULTS["reconnectEnabled"],
        "VITE_WS_RECONNECT_ENABLED WS_RECONNECT_ENABLED",
        "Whether clients reconnect by themselves",
    )
    ws_reconnect_min_ms: int = _whole(
        int(WS_DEFAULTS["reconnectMinMs"]),
        "VITE_WS_RECONNECT_MIN_MS WS_RECONNECT_MIN_MS",
        "First delay of a reconnect",
        low=1,
    )
    ws_reconnect_max_ms: int = _whole(
        int(WS_DEFAULTS["reconnectMaxMs"]),
        "VITE_WS_RECONNECT_MAX_MS WS_RECONNECT_MAX_MS",
        "Longest delay of a reconnect",
        low=1,
    )
    ws_reconnect_factor: float = _real(
        WS_DEFAULTS["reconnectFactor"],
        "VITE_WS_RECONNECT_FACTOR WS_RECONNECT_FACTOR",
        "Growth of the delay with each attempt",
        low=1.0,
        high=100.0,
    )
    ws_reconnect_jitter: float = _real(
        WS_DEFAULTS["reconnectJitter"],
        "VITE_WS_RECONNECT_JITTER WS_RECONNECT_JITTER",
        "Random share of the delay, so that clients do not come back all at once",
        low=0.0,
        high=1.0,
    )
    ws_heartbeat_log: bool = _flag(
        False, "WS_HEARTBEAT_LOG", "Log each heartbeat as 💓 in the channel websocket"
    )
    ws_connection_log: bool = _flag(
        True, "WS_CONNECTION_LOG", "Log clients that come and go in the channel websocket"
    )
    connection_file: bool = _flag(
        True,
        "CONNECTION_FILE",
        "Whether a file in Jupyter's runtime folder lets this user's other programs find the server",
    )
    journal: str | None = _setting(
        None,
        "AUTOBENCH_JOURNAL",
        "File that keeps runs, results and devices' history beyond the process",
        parse=str,
        check=lambda value: value is None or (isinstance(value, str) and bool(value)),
        accepts="the path of a file",
    )
    journal_logs: bool = _flag(
        False,
        "AUTOBENCH_JOURNAL_LOGS",
        "Whether the journal also keeps log entries that the ring lets go",
    )
    flush_interval_ms: int = _whole(
        int(SERVER_CONFIG["flushIntervalMs"]),
        "FLUSH_INTERVAL_MS",
        "Changes within this time travel as one patch and one log batch",
        low=0,
        high=60_000,
    )
    client_budget_bytes: int = _whole(
        4_194_304,
        "CLIENT_BUDGET_BYTES",
        "Bytes that may wait for one slow client before they are dropped and counted",
        low=65_536,
    )
    resume_window_commits: int = _whole(
        1_000, "RESUME_WINDOW_COMMITS", "Commits kept for clients that come back", low=0
    )
    resume_window_bytes: int = _whole(
        8_388_608, "RESUME_WINDOW_BYTES", "Bytes of commits kept for clients that come back", low=0
    )
    request_sample: float = _real(
        1.0,
        "REQUEST_SAMPLE",
        "Share of HTTP requests that are logged in the channel request",
        low=0.0,
        high=1.0,
    )
    allowed_origins: tuple[str, ...] = _list(
        (),
        "AUTOBENCH_ALLOWED_ORIGINS",
        "Origins of pages that may connect, besides those on loopback",
    )
    allowed_hosts: tuple[str, ...] = _list(
        (),
        "AUTOBENCH_ALLOWED_HOSTS",
        "Host names that requests may carry, besides loopback's and the bound one; `*`: any",
    )

    def __post_init__(self) -> None:
        for field, setting in _fields():
            value = getattr(self, field.name)
            if not setting.check(value):
                raise ConfigError(field.name, value, setting.accepts)
        if self.ws_reconnect_max_ms < self.ws_reconnect_min_ms:
            raise ConfigError(
                "VITE_WS_RECONNECT_MAX_MS",
                self.ws_reconnect_max_ms,
                f"at least VITE_WS_RECONNECT_MIN_MS, which is {self.ws_reconnect_min_ms}",
            )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Read every setting from ``environ`` (default: the process's), then lay ``overrides`` over it.

        Args:
            environ: Variables by name. One set to the empty text counts as unset, as in the plan's
                ``LOG_REDACT_REGEX=``.
            overrides: Settings by the field's name or by the name of one of its variables, in any case. ``None``
                means "not given"; where several names are taken, text (as in the variable), a list or a tuple.

        Raises:
            ConfigError: A setting has a value that it cannot have.
            OptionError: There is no such setting; the error names the nearest one.
        """
        source = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for field, setting in _fields():
            given = {name: source[name] for name in setting.variables if source.get(name)}
            if len(set(given.values())) > 1:
                first, second = list(given)[:2]
                raise ConfigError(second, given[second], f"the same value as its alias {first}")
            for name, text in given.items():
                values[field.name] = _read(name, text.strip(), setting)
        for name, value in overrides.items():
            if value is not None:
                field, setting = _named(name)
                values[field.name] = _given(name, value, field, setting)
        return cls(**values)

    @property
    def client_capacity(self) -> int:
        """How many entries a client is told to hold."""
        if self.client_logs_capacity is None:
            return self.log_capacity
        return self.client_logs_capacity

    def to_wire(self, channels: tuple[str, ...] = ()) -> dict[str, Any]:
        """The ``serverConfig`` slice (plan section 4).

        ``channels`` are those known now: without an allowlist they are what ``allowedChannels`` says, since a client
        of the plan reads an empty list as "show none".
        """
        return {
            "logs": {
                "snapshot": self.client_logs_snapshot,
                "capacity": self.client_capacity,
                "allowedChannels": list(self.log_channel_allowlist or channels),
                "minLevel": self.log_level_min,
            },
            "ws": {
                "heartbeatIntervalMs": self.ws_heartbeat_interval_ms,
                "heartbeatTimeoutMs": self.ws_heartbeat_timeout_ms,
                "reconnectEnabled": self.ws_reconnect_enabled,
                "reconnectMinMs": self.ws_reconnect_min_ms,
                "reconnectMaxMs": self.ws_reconnect_max_ms,
                "reconnectFactor": self.ws_reconnect_factor,
                "reconnectJitter": self.ws_reconnect_jitter,
            },
            "flushIntervalMs": self.flush_interval_ms,
        }


def _fields() -> Iterator[tuple[dataclasses.Field[Any], Setting]]:
    for field in dataclasses.fields(Config):
        yield field, field.metadata["setting"]


def _named(name: str) -> tuple[dataclasses.Field[Any], Setting]:
    """The setting of that name, whether the field's or one of its variables'."""
    lowered = name.lower()
    for field, setting in _fields():
        if lowered == field.name or lowered in (one.lower() for one in setting.variables):
            return field, setting
    raise OptionError("Orchestrator()", name, (field.name for field, _ in _fields()))


def _given(name: str, value: Any, field: dataclasses.Field[Any], setting: Setting) -> Any:
    """An argument's value: where several are taken, text is read as in a variable, and a list is as good as a tuple."""
    if not isinstance(field.default, tuple):
        return value
    if isinstance(value, str):
        return _read(name, value.strip(), setting) if value.strip() else ()
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


def _read(name: str, text: str, setting: Setting) -> Any:
    try:
        value = setting.parse(text)
    except ValueError:
        raise ConfigError(name, text, setting.accepts) from None
    if not setting.check(value):
        raise ConfigError(name, text, setting.accepts)
    return value


def settings_table() -> str:
    """The table of environment variables, in Markdown, one row a setting."""
    rows = ["| variable | default | what it does |", "| --- | --- | --- |"]
    for field, setting in _fields():
        default = field.default
        if isinstance(default, tuple) or default is None:
            shown = ", ".join(default) if default else "*(unset)*"
        elif isinstance(default, bool):
            shown = f"`{str(default).lower()}`"
        else:
            shown = f"`{default}`"
        names = " or ".join(f"`{name}`" for name in setting.variables)
        rows.append(f"| {names} | {shown} | {setting.doc}. Takes {setting.accepts}. |")
    return "\n".join(rows) + "\n"
