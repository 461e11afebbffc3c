"""State, log and records through an orchestrator's public names, and as its clients see them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

import autobench_nb as ab
from autobench_nb.errors import CommandError, SchemaError, StateError
from tests.leaks import nothing_is_left


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with nothing_is_left():
        yield


@pytest.fixture
def bench() -> Iterator[ab.Orchestrator]:
    with ab.Orchestrator(environ={}, flush_interval_ms=1, request_sample=0.0) as made:
        yield made


def mirror(bench: ab.Orchestrator) -> ab.Client:
    return ab.connect(bench.serve(thread=True).url, bench.token)


def catch_up(client: ab.Client, bench: ab.Orchestrator) -> None:
    """Until the mirror shows what the orchestrator shows; telemetry and log metadata move by themselves."""

    def equal(one: ab.Client) -> bool:
        return bool(settled(one.state.get()) == settled(bench.state.get()))

    client.wait_for(equal, 10)


def settled(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in {"meta", "logs", "version"}}


# --- state


def test_a_batch_that_fails_changes_nothing_anywhere(bench: ab.Orchestrator) -> None:
    with mirror(bench) as client:
        bench.devices.add("psu", type="supply", status="ready")
        catch_up(client, bench)
        before = bench.state.get()

        def fail() -> None:
            with bench.state.batch():
                bench.state.set("/devices/psu/status", "lost")
                bench.state.remove("/devices/psu/type")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        after = bench.state.get()
        assert after == before
        bench.state.set("/config/features/next", True)
        catch_up(client, bench)
        assert client.devices["psu"]["status"] == "ready"


def test_a_refused_mutation_names_its_path_and_changes_nothing(bench: ab.Orchestrator) -> None:
    before = bench.state.get()
    with pytest.raises(SchemaError, match="/jobs/queue"):
        bench.state.set("/jobs/queue", "no list")
    with pytest.raises(StateError, match="/nonsense"):
        bench.state.set("/nonsense", {})
    with pytest.raises(StateError, match="devices/x"):
        bench.state.set("devices/x", {})
    assert bench.state.get() == before


def test_what_is_read_cannot_change_the_state(bench: ab.Orchestrator) -> None:
    bench.state.get()["config"]["features"]["mine"] = True
    bench.devices.add("psu", type="supply")
    bench.devices["psu"]["type"] = "changed"
    assert bench.state.get("/config/features") == {}
    assert bench.devices["psu"]["type"] == "supply"


def test_every_way_to_mutate_reaches_a_client(bench: ab.Orchestrator) -> None:
    with mirror(bench) as client:
        bench.state.set("/streams/rec", {"status": "up", "url": "rtsp://x"})
        bench.state.merge("/config", {"features": {"ocr": True}})
        catch_up(client, bench)
        bench.state.remove("/streams/rec")
        catch_up(client, bench)
        assert client.state.get("/streams") == {}
        whole = bench.state.get()
        whole["devices"] = {f"cap{n}": {"type": "capture", "status": "ready"} for n in range(20)}
        bench.state.replace_state(whole)
        catch_up(client, bench)
        assert len(client.devices) == 20


def test_a_subscriber_hears_without_a_server_in_the_thread_that_mutates(
    bench: ab.Orchestrator,
) -> None:
    heard: list[tuple[str, int]] = []
    end = bench.state.subscribe(
        lambda commit: heard.append((threading.current_thread().name, commit.to_version)),
        "/devices",
    )
    bench.devices.add("psu", type="supply")
    assert heard == [("MainThread", bench.state.version)]
    bench.state.set("/config/features/other", True)
    assert len(heard) == 1
    other = threading.Thread(target=bench.devices.touch, args=("psu", "seen"), name="other")
    other.start()
    other.join()
    assert [name for name, _ in heard] == ["MainThread", "other"]
    end()
    bench.devices.touch("psu")
    assert len(heard) == 2


def test_a_subscribers_chain_has_no_gap_when_a_server_comes_and_goes(
    bench: ab.Orchestrator,
) -> None:
    chain: list[tuple[int, int]] = []
    bench.state.subscribe(lambda commit: chain.append((commit.from_version, commit.to_version)))
    bench.devices.add("psu", type="supply")
    server = bench.serve(thread=True)
    with ab.connect(server.url, bench.token) as client:
        bench.devices.touch("psu", "served")
        catch_up(client, bench)
    server.close()
    bench.devices.touch("psu", "not served")
    with mirror(bench) as client:
        bench.devices.touch("psu", "served again")
        catch_up(client, bench)
        assert client.devices["psu"]["status"] == "served again"
    assert [(left, right) for left, right in pairwise(chain) if left[1] != right[0]] == []
    assert len(chain) >= 4


def test_projections_of_ones_own_stand_beside_the_one_of_pno() -> None:
    count = ab.Projection("/devices", "/config/deviceCount", len)
    with ab.Orchestrator(projections=[count]) as bench:
        bench.devices.add("psu", type="supply")
        bench.pno.start()
        bench.pno.finding("disk", "nearly full", severity="error")
        with mirror(bench) as client:
            assert client.state.get("/config/deviceCount") == 1
            summary = client.state.get("/pno/summary")
            assert (summary["total"], summary["bySeverity"]["error"]) == (1, 1)


def test_meta_says_when_it_started_what_it_is_and_that_it_is_ready(bench: ab.Orchestrator) -> None:
    meta = bench.state.get("/meta")
    assert pd.Timestamp(meta["startedAt"]).tz is not None
    assert (meta["build"], meta["status"]) == (ab.__version__, "ready")
    assert meta["epoch"] == bench.epoch


def test_telemetry_counts_the_clients(bench: ab.Orchestrator) -> None:
    def counted(one: ab.Client) -> bool:
        on = bench.state.get("/config/features/tick")
        bench.state.set("/config/features/tick", not on)  # telemetry rides on what changes
        return bool(one.state.get("/meta/telemetry/clients") == 2)

    with mirror(bench) as first, mirror(bench):
        bench.state.set("/config/features/tick", True)
        first.wait_for(counted, 10)
    telemetry = bench.state.get("/meta/telemetry")
    names = {"clients", "patches", "bytesSent", "dropped", "resyncs", "loopLagMs", "errors"}
    assert set(telemetry) == names


# --- log


def test_channels_made_later_are_told_to_clients(bench: ab.Orchestrator) -> None:
    path = "/serverConfig/logs/allowedChannels"
    with mirror(bench) as client:
        assert "my-rig" not in client.state.get(path)
        bench.log("my-rig").info("here")
        client.wait_for(lambda one: "my-rig" in one.state.get(path), 10)
        client.wait_for(lambda one: any(e.channel == "my-rig" for e in one.logs), 10)


def test_with_an_allowlist_no_other_channel_is_told_or_shown() -> None:
    allowed = {"LOG_CHANNEL_ALLOWLIST": "app", "FLUSH_INTERVAL_MS": "1"}
    with ab.Orchestrator(environ=allowed) as bench, mirror(bench) as client:
        bench.log("secret").info("not for clients")
        bench.log("app").info("for clients")
        client.wait_for(lambda one: "for clients" in [e.message for e in one.logs], 10)
        assert {entry.channel for entry in client.logs} == {"app"}
        assert client.state.get("/serverConfig/logs/allowedChannels") == ["app"]
        assert client.logs.missed == 0


def test_a_logger_has_every_level_and_carries_fields_ids_and_tracebacks(
    bench: ab.Orchestrator,
) -> None:
    log = bench.log("psu", device_id="psu0")
    for level in ("debug", "info", "warn", "error", "fatal"):
        getattr(log, level)(f"at {level}", volts=5.1)
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        log.exception("it failed")
    said = list(bench.logs.query("channel:psu"))
    assert [entry.level.wire for entry in said[:5]] == ["debug", "info", "warn", "error", "fatal"]
    assert all(entry.device_id == "psu0" for entry in said)
    assert said[0].fields == {"volts": 5.1}
    assert said[5].exc is not None
    assert "RuntimeError: boom" in said[5].exc


def test_standard_logging_is_captured_with_extras_and_tracebacks_until_close() -> None:
    source = logging.getLogger("tests.rig")
    source.propagate = False
    source.setLevel(logging.NOTSET)
    with ab.Orchestrator() as bench:
        bench.capture_logging("INFO", logger="tests.rig", channel="rig")
        source.debug("too quiet")
        source.warning("at %d degrees", 80, extra={"temp": 80.5, "device_id": "psu0"})
        try:
            raise ValueError("what")
        except ValueError:
            logging.getLogger("tests.rig.inner").exception("failed")
        first, second = bench.logs.query("channel:rig")
        assert (first.message, first.level.wire, first.logger) == (
            "at 80 degrees",
            "warn",
            "tests.rig",
        )
        assert (first.fields, first.device_id) == ({"temp": 80.5}, "psu0")
        assert (second.logger, second.level.wire) == ("tests.rig.inner", "error")
        assert second.exc is not None
        assert "ValueError: what" in second.exc
    assert source.handlers == []
    assert source.level == logging.NOTSET
    source.warning("after its end")
    assert len(bench.logs.query("channel:rig")) == 2


def test_what_matches_a_redaction_pattern_reaches_nobody() -> None:
    with ab.Orchestrator(redact=[r"sk-\w+"], flush_interval_ms=1) as bench, mirror(bench) as client:
        bench.log("app").info("the key is sk-12345", key="sk-67890")
        client.wait_for(lambda one: any("the key is" in e.message for e in one.logs), 10)
        for entry in (*client.logs, *bench.logs):
            assert "sk-" not in f"{entry.message}{entry.fields}"


# --- records and commands


def test_all_that_is_kept_comes_out_as_tables_full_or_empty(bench: ab.Orchestrator) -> None:
    tables = {
        name: getattr(bench, name).to_pandas()
        for name in ("jobs", "devices", "streams", "results", "logs")
    }
    assert all(isinstance(table, pd.DataFrame) for table in tables.values())
    bench.devices.add("psu", type="supply")
    bench.streams.add("rec", status="up", url="rtsp://x")
    bench.run("echo hello").wait(30)
    for name, empty in tables.items():
        full = getattr(bench, name).to_pandas()
        assert len(full) > 0, name
        assert set(empty.columns) <= set(full.columns), name


def test_a_client_gives_the_same_tables(bench: ab.Orchestrator) -> None:
    with mirror(bench) as client:
        bench.devices.add("psu", type="supply")
        bench.streams.add("rec", status="up", url="rtsp://x")
        bench.run(["echo one", "echo two"], repeat=2).wait(30)
        catch_up(client, bench)
        end = bench.logs[-1].seq
        client.wait_for(lambda one: one.logs[-1].seq >= end, 10)
        for name in ("jobs", "devices", "streams", "results"):
            theirs = getattr(client, name).to_pandas()
            pd.testing.assert_frame_equal(theirs, getattr(bench, name).to_pandas())
        mine = bench.logs.between(0, end + 1).to_pandas()
        theirs = client.logs.to_pandas()
        pd.testing.assert_frame_equal(theirs[theirs["seq"] <= end].reset_index(drop=True), mine)


def test_clients_cancel_jobs_and_fetch_whole_entries(bench: ab.Orchestrator) -> None:
    with mirror(bench) as client:
        run = bench.run("sleep 600")
        job = run.jobs[0]
        assert client.command("job.cancel", jobId=job.id) == {"cancelled": True}
        assert run.wait(30)
        assert run.status == "cancelled"
        assert client.command("job.cancel", jobId=job.id) == {"cancelled": False}
        long = "x" * 1_000_000
        bench.log("app").info(long)
        seq = bench.logs[-1].seq
        part = client.command("logs.get", seq=seq)
        pieces = [part["message"]]
        while part["next"] is not None:
            assert len(part["message"]) * 6 < bench.config.client_budget_bytes
            part = client.command("logs.get", seq=seq, offset=part["next"])
            pieces.append(part["message"])
        assert "".join(pieces) == long
        assert len(pieces) > 1
        with pytest.raises(CommandError) as error:
            client.command("logs.get", seq=10**9)
        assert error.value.code == "not-found"
        with pytest.raises(CommandError):
            client.command("no.such.command")
