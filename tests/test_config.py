"""Settings: the plan's names and defaults, and refusals that say what to do."""

from __future__ import annotations

import pytest

from autobench_nb.config import Config, settings_table
from autobench_nb.errors import ConfigError, OptionError

PLAN = {
    "LOG_CHANNEL_ALLOWLIST": ("websocket,app", "log_channel_allowlist", ("websocket", "app")),
    "LOG_LEVEL_MIN": ("WARN", "log_level_min", "warn"),
    "LOG_REDACT_REGEX": ("pass=\\w+,x", "log_redact_regex", ("pass=\\w+,x",)),
    "CLIENT_LOGS_SNAPSHOT": ("20", "client_logs_snapshot", 20),
    "CLIENT_LOGS_CAPACITY": ("50", "client_logs_capacity", 50),
    "VITE_WS_HEARTBEAT_INTERVAL_MS": ("200", "ws_heartbeat_interval_ms", 200),
    "VITE_WS_HEARTBEAT_TIMEOUT_MS": ("300", "ws_heartbeat_timeout_ms", 300),
    "VITE_WS_RECONNECT_ENABLED": ("false", "ws_reconnect_enabled", False),
    "VITE_WS_RECONNECT_MIN_MS": ("7", "ws_reconnect_min_ms", 7),
    "VITE_WS_RECONNECT_MAX_MS": ("99999", "ws_reconnect_max_ms", 99999),
    "VITE_WS_RECONNECT_FACTOR": ("2", "ws_reconnect_factor", 2.0),
    "VITE_WS_RECONNECT_JITTER": ("0.5", "ws_reconnect_jitter", 0.5),
    "WS_HEARTBEAT_LOG": ("true", "ws_heartbeat_log", True),
}


def test_the_defaults_are_the_plan_s() -> None:
    config = Config.from_env({})
    assert config.log_capacity == 500
    assert config.client_logs_snapshot == 200
    assert config.client_capacity == 500
    assert config.log_level_min == "debug"
    assert config.log_redact_regex == ()
    assert config.to_wire()["ws"] == {
        "heartbeatIntervalMs": 10_000,
        "heartbeatTimeoutMs": 5_000,
        "reconnectEnabled": True,
        "reconnectMinMs": 1_000,
        "reconnectMaxMs": 15_000,
        "reconnectFactor": 1.8,
        "reconnectJitter": 0.2,
    }


@pytest.mark.parametrize("variable", PLAN)
def test_a_variable_of_the_plan_is_read_under_its_name(variable: str) -> None:
    text, field, value = PLAN[variable]
    assert getattr(Config.from_env({variable: text}), field) == value


@pytest.mark.parametrize("variable", [name for name in PLAN if name.startswith("VITE_")])
def test_a_vite_variable_may_lose_its_prefix(variable: str) -> None:
    text, field, value = PLAN[variable]
    assert getattr(Config.from_env({variable.removeprefix("VITE_"): text}), field) == value


def test_two_names_for_one_setting_must_agree() -> None:
    names = {"VITE_WS_RECONNECT_MIN_MS": "5", "WS_RECONNECT_MIN_MS": "6"}
    with pytest.raises(ConfigError, match=r"WS_RECONNECT_MIN_MS='6'.*VITE_WS_RECONNECT_MIN_MS"):
        Config.from_env(names)


@pytest.mark.parametrize(
    ("variable", "text", "accepts"),
    [
        ("CLIENT_LOGS_SNAPSHOT", "many", "whole number"),
        ("CLIENT_LOGS_SNAPSHOT", "-1", "0 or more"),
        ("LOG_CAPACITY", "0", "from 1 to"),
        ("LOG_LEVEL_MIN", "loud", "debug, info, warn, error, fatal"),
        ("WS_HEARTBEAT_LOG", "perhaps", "true or false"),
        ("VITE_WS_RECONNECT_JITTER", "nan", "from 0 to 1"),
        ("VITE_WS_RECONNECT_FACTOR", "0.5", "from 1 to 100"),
        ("VITE_WS_RECONNECT_MAX_MS", "10", "at least VITE_WS_RECONNECT_MIN_MS"),
    ],
)
def test_a_wrong_value_is_refused_with_the_variable_and_what_it_accepts(
    variable: str, text: str, accepts: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_env({variable: text})
    assert variable in str(refused.value)
    assert accepts in str(refused.value)


def test_an_argument_goes_before_the_environment_and_is_checked_too() -> None:
    assert Config.from_env({"LOG_CAPACITY": "7"}, log_capacity=9).log_capacity == 9
    assert Config.from_env({"LOG_CAPACITY": "7"}, log_capacity=None).log_capacity == 7
    with pytest.raises(ConfigError, match="log_capacity=True"):
        Config.from_env({}, log_capacity=True)


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        Config.from_env({}, colour="red")


def test_an_empty_variable_counts_as_unset() -> None:
    assert Config.from_env({"LOG_REDACT_REGEX": "", "LOG_CAPACITY": ""}) == Config()


def test_without_an_allowlist_the_known_channels_are_allowed() -> None:
    assert Config().to_wire(("app", "psu"))["logs"]["allowedChannels"] == ["app", "psu"]
    allowlist = Config(log_channel_allowlist=("app",))
    assert allowlist.to_wire(("app", "psu"))["logs"]["allowedChannels"] == ["app"]


def test_a_client_holds_as_much_as_the_ring_unless_told_otherwise() -> None:
    assert Config(log_capacity=100_000).client_capacity == 100_000
    assert Config(log_capacity=100_000, client_logs_capacity=10).client_capacity == 10


def test_the_table_names_every_variable_of_the_plan() -> None:
    table = settings_table()
    assert [name for name in PLAN if f"`{name}`" not in table] == []


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("log_capcity", "log_capacity"),
        ("logcapacity", "log_capacity"),
        ("flush_interval", "flush_interval_ms"),
        ("allowed_origin", "allowed_origins"),
        ("LOG_CAPCITY", "log_capacity"),
        ("ws_heartbeat_interval", "ws_heartbeat_interval_ms"),
    ],
)
def test_a_setting_that_there_is_not_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(OptionError, match=f"{name}: did you mean {near}\\?"):
        Config.from_env({}, **{name: 5})


def test_a_setting_like_no_other_is_answered_with_all_there_are() -> None:
    with pytest.raises(OptionError, match=r"it takes log_capacity, .*allowed_hosts"):
        Config.from_env({}, zzz=1)


@pytest.mark.parametrize(
    "given",
    [
        "https://a.example, https://b.example",
        ["https://a.example", "https://b.example"],
        ("https://a.example", "https://b.example"),
    ],
)
@pytest.mark.parametrize(
    "name", ["allowed_origins", "AUTOBENCH_ALLOWED_ORIGINS", "autobench_allowed_origins"]
)
def test_several_names_are_taken_as_text_list_or_tuple(name: str, given: object) -> None:
    config = Config.from_env({}, **{name: given})
    assert config.allowed_origins == ("https://a.example", "https://b.example")


def test_no_names_at_all_are_none_in_every_form() -> None:
    nothing: tuple[object, ...] = ("", [], ())
    for given in nothing:
        assert (
            Config.from_env({"AUTOBENCH_ALLOWED_HOSTS": "h"}, allowed_hosts=given).allowed_hosts
            == ()
        )


def test_a_number_is_no_list_of_names() -> None:
    with pytest.raises(ConfigError, match="allowed_hosts=5"):
        Config.from_env({}, allowed_hosts=5)
