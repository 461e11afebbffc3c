"""The life of an orchestrator by its public names: real servers, real clients, real commands."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import autobench_nb as ab
from autobench_nb.errors import (
    AuthenticationError,
    ClosedError,
    ConfigError,
    OptionError,
    PortError,
)
from autobench_nb.transports.server_proof import proof_of
from tests.leaks import nothing_is_left


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with nothing_is_left():
        yield


def names_of_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def has_said(message: str, client: ab.Client) -> bool:
    return message in [entry.message for entry in client.logs]


def nobody_listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


async def test_the_story_of_a_user_in_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "data.log").write_text("one line of a log\n" * 20_000)
    with ab.Orchestrator(log_capacity=100_000) as bench:
        server = bench.serve()
        client = await asyncio.to_thread(ab.connect, server.url, bench.token)
        commands = ["gzip -9c data.log | wc -c", "xz -9c data.log | wc -c"]
        run = bench.run(commands, repeat=3, cwd=tmp_path)
        assert await run is run
        results = bench.results.to_pandas()
        assert list(results["command"]) == [commands[0]] * 3 + [commands[1]] * 3
        assert list(results["repetition"]) == [1, 2, 3, 1, 2, 3]
        assert (results["exit_code"] == 0).all()
        assert (results["wall_s"] > 0).all()
        assert (results["max_rss_bytes"] > 0).all()
        jobs = bench.jobs.to_pandas()
        assert list(jobs["status"]) == ["succeeded", "succeeded"]
        logs = bench.logs.to_pandas()
        printed = logs[logs["channel"] == "benchmark"]
        assert list(printed.groupby("job_id", observed=True).size()) == [3, 3]
        end = bench.logs[-1].seq
        await asyncio.to_thread(
            client.wait_for, lambda one: len(one.logs) and one.logs[-1].seq >= end, 10
        )
        assert client.state.get("/jobs") == bench.state.get("/jobs")
        await asyncio.to_thread(client.close)
    await server.wait_closed()


def test_the_end_of_its_context_frees_the_port_and_leaves_state_and_log_readable() -> None:
    with ab.Orchestrator() as bench:
        server = bench.serve()
        bench.devices.add("psu0", type="power supply")
        bench.log("app").info("hello")
        assert not nobody_listens(server.port)
    assert server.is_closed
    assert bench.server is None
    assert nobody_listens(server.port)
    assert bench.devices["psu0"]["type"] == "power supply"
    assert "hello" in [entry.message for entry in bench.logs]
    assert repr(bench) == "<Orchestrator 'AutoBench' closed>"


def test_closing_twice_is_closing_once() -> None:
    bench = ab.Orchestrator()
    server = bench.serve()
    bench.close()
    bench.close()
    server.close()
    assert server.is_closed


def test_one_that_never_served_closes_too() -> None:
    bench = ab.Orchestrator()
    assert repr(bench) == "<Orchestrator 'AutoBench' not serving>"
    bench.close()


def test_after_close_it_takes_nothing_and_says_the_remedy() -> None:
    bench = ab.Orchestrator()
    bench.close()
    for ask in (lambda: bench.run("true"), bench.serve, bench.capture_logging, bench.link):
        with pytest.raises(ClosedError, match="make a new one"):
            ask()


def test_an_exception_within_its_context_closes_it_and_goes_on() -> None:
    bench = ab.Orchestrator()
    server = bench.serve()

    def fail() -> None:
        with bench:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert server.is_closed


def test_serving_again_gives_the_same_server_and_after_its_end_a_new_one() -> None:
    with ab.Orchestrator() as bench:
        server = bench.serve()
        assert bench.serve() is server
        assert bench.serve(port=server.port) is server
        with pytest.raises(ClosedError, match=str(server.port)):
            bench.serve(port=1 if server.port != 1 else 2)
        server.close()
        again = bench.serve()
        assert again is not server
        with ab.connect(again.url, bench.token) as client:
            assert client.epoch == bench.epoch


def test_a_taken_port_is_an_error_that_names_it_and_another_will_do() -> None:
    with socket.socket() as taken, ab.Orchestrator() as bench:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"127.0.0.1:{port}.*in use") as error:
            bench.serve(port=port)
        assert error.value.port == port
        assert bench.server is None
        assert bench.serve().port != port


async def test_a_taken_port_is_named_on_a_running_loop_too() -> None:
    with socket.socket() as taken, ab.Orchestrator() as bench:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortError, match=str(taken.getsockname()[1])):
            bench.serve(port=taken.getsockname()[1])


async def test_on_a_running_loop_it_serves_there() -> None:
    with ab.Orchestrator() as bench:
        server = bench.serve()
        assert server.runs_here
        client = await asyncio.to_thread(ab.connect, server.url, bench.token)
        assert client.status.phase == "live"
        await asyncio.to_thread(client.close)
    await server.wait_closed()


def test_without_a_running_loop_it_serves_on_a_thread() -> None:
    with ab.Orchestrator() as bench:
        assert not bench.serve().runs_here
        assert "autobench-pump" in names_of_threads()
    assert "autobench-pump" not in names_of_threads()


async def test_served_on_a_thread_it_is_live_while_this_loop_is_blocked() -> None:
    """All from here to the end of the context is one turn of the loop, as a cell that blocks it."""
    with ab.Orchestrator() as bench:
        server = bench.serve(thread=True)
        with ab.connect(server.url, bench.token) as client:
            bench.state.set("/config/features/blocked", True)
            client.wait_for(lambda one: one.state.get("/config/features").get("blocked"), 10)
            run = bench.run("echo from a job")
            assert run.wait(30)
            client.wait_for(lambda one: "from a job" in [e.message for e in one.logs], 10)


def test_several_live_side_by_side_with_ports_epochs_and_tokens_of_their_own() -> None:
    benches = [ab.Orchestrator(f"bench {number}") for number in range(3)]
    servers = [bench.serve() for bench in benches]
    assert len({server.port for server in servers}) == 3
    assert len({bench.epoch for bench in benches}) == 3
    assert len({bench.token for bench in benches}) == 3
    clients = [
        ab.connect(server.url, bench.token) for server, bench in zip(servers, benches, strict=True)
    ]
    for number, bench in enumerate(benches):
        bench.devices.add("psu", type=f"supply {number}")
        bench.log("app").info(f"line of {number}")
    for number, client in enumerate(clients):
        client.wait_for(lambda one: "psu" in one.devices, 10)
        wanted = f"line of {number}"
        client.wait_for(partial(has_said, wanted), 10)
        assert client.devices["psu"]["type"] == f"supply {number}"
        said = [entry.message for entry in client.logs if entry.message.startswith("line of")]
        assert said == [wanted]
    with pytest.raises(AuthenticationError):
        ab.connect(servers[0].url, benches[1].token)
    benches[0].close()
    benches[1].devices.touch("psu", "still here")
    clients[1].wait_for(lambda one: one.devices["psu"]["status"] == "still here", 10)
    for client in clients:
        client.close()
    for bench in benches:
        bench.close()


def test_asking_for_its_link_begins_to_serve() -> None:
    with ab.Orchestrator() as bench:
        link = bench.link()
        assert bench.server is not None
        assert link.pop("proof") == proof_of(bench.token, link.pop("nonce"))
        assert link == {
            "url": bench.server.ws_url,
            "page": bench.server.url,
            "token": bench.token,
            "epoch": bench.epoch,
        }


def test_the_token_may_be_given_by_the_environment() -> None:
    with ab.Orchestrator(environ={"AUTOBENCH_TOKEN": "a-token-that-i-chose"}) as bench:
        assert bench.serve().token == "a-token-that-i-chose"
    with pytest.raises(ConfigError, match="AUTOBENCH_TOKEN"):
        ab.Orchestrator(environ={"AUTOBENCH_TOKEN": "no good\n"})


def test_a_wrong_setting_is_refused_at_start_with_its_name() -> None:
    with pytest.raises(ConfigError, match="LOG_LEVEL_MIN"):
        ab.Orchestrator(environ={"LOG_LEVEL_MIN": "loud"})
    with pytest.raises(ConfigError, match="log_capacity"):
        ab.Orchestrator(environ={}, log_capacity=0)
    with pytest.raises(ConfigError, match="LOG_REDACT_REGEX"):
        ab.Orchestrator(environ={"LOG_REDACT_REGEX": "("})


def test_a_process_that_never_closes_it_ends_cleanly() -> None:
    code = (
        "import autobench_nb as ab\n"
        "bench = ab.Orchestrator()\n"
        "client = ab.connect(bench.serve().url, bench.token)\n"
        "run = bench.run('sleep 600')\n"
        "job = run.jobs[0].id\n"
        "print(client.wait_for(lambda one: one.state.get('/jobs/running'), 30) == [job])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_an_interpreter_that_ends_without_close_ends_in_silence() -> None:
    """With a client connected, and a snapshot so large that it was compressed on a thread."""
    program = (
        "import autobench_nb as ab\n"
        "bench = ab.Orchestrator()\n"
        "with bench.state.batch():\n"
        "    for n in range(20_000): bench.state.set(f'/devices/d{n}', {'status': 'ready', 'type': 'x' * 40})\n"
        "client = ab.connect(bench.serve(thread=True).url, bench.token)\n"
        "bench.log('app').info('the last words')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("option", "near"),
    [("repeats", "repeat"), ("timeout", "timeout_s"), ("warm_up", "warmup"), ("environ", "env")],
)
def test_an_option_that_run_does_not_take_names_the_nearest(option: str, near: str) -> None:
    with (
        ab.Orchestrator(environ={}) as bench,
        pytest.raises(OptionError, match=rf"^run\(\) takes no {option}: did you mean {near}\?$"),
    ):
        bench.run("true", **{option: 3})
