"""The tile of a Jupyter server's launcher: what jupyter-server-proxy is told."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from autobench_nb.cli.launcher_tile import server_process

ROOT = Path(__file__).resolve().parents[2]


def test_the_entry_point_of_the_package_leads_to_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = project["entry-points"]["jupyter_serverproxy_servers"]["autobench"]
    module, _, name = named.partition(":")
    assert getattr(import_module(module), name) is server_process


def test_each_start_has_a_token_of_its_own_which_only_the_proxy_sends() -> None:
    first, second = server_process(), server_process()
    token = first["environment"]["AUTOBENCH_TOKEN"]
    assert len(token) >= 32
    assert token != second["environment"]["AUTOBENCH_TOKEN"]
    assert first["request_headers_override"] == {"Authorization": f"Bearer {token}"}
    assert token not in " ".join(first["command"]), "a command line is seen by everybody"
    assert Path(first["launcher_entry"]["icon_path"]).is_file()


def test_the_proxy_takes_it() -> None:
    config = pytest.importorskip("jupyter_server_proxy.config")
    made = config.ServerProcess(name="autobench", **server_process())
    assert made.launcher_entry.title == "AutoBench"
    assert made.launcher_entry.path_info == "autobench/"
