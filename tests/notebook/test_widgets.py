"""The widgets against a real orchestrator, over a comm that keeps what was sent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import autobench_nb as ab
from autobench_nb.notebook.widgets import View
from autobench_nb.transports.server_proof import proof_of
from tests.e2e.waiting import wait_until
from tests.far import TOKEN, far_away
from tests.notebook.conftest import customs, end_of

PACKAGE = Path(ab.__file__).parent


Make = Callable[[Any], View]
ALL: list[Make] = [ab.Dashboard, ab.LogPane, ab.StatePane, ab.StatusBadge]


@pytest.mark.parametrize("make", ALL)
def test_no_trait_holds_the_token(make: Make, bench: ab.Orchestrator) -> None:
    """Traits are saved into the notebook file."""
    widget = make(bench)
    state = {name: value for name, value in widget.get_state().items() if name[0] != "_"}
    assert bench.token not in str(state)
    assert bench.token not in str(end_of(widget).sent[0]), "nor does the message that opens it"
    assert state["epoch"] == bench.epoch
    assert state["title"] == "my rig"


@pytest.mark.parametrize("make", ALL)
def test_the_link_is_sent_unasked_and_again_on_request(make: Make, bench: ab.Orchestrator) -> None:
    widget = make(bench)
    link = {"type": "link", **bench.link()}
    told = customs(widget)
    assert [same_each_time(one) for one in told] == [same_each_time(link)]
    end_of(widget).ask(type="link")
    told = customs(widget)
    assert [same_each_time(one) for one in told] == [same_each_time(link)] * 2
    assert told[0]["nonce"] != told[1]["nonce"]
    end_of(widget).ask(type="something else")
    assert customs(widget) == told


def same_each_time(link: dict[str, str]) -> dict[str, str]:
    """A link without what is asked anew each time; what the server would answer is right."""
    assert link["proof"] == proof_of(link["token"], link["nonce"])
    return {name: value for name, value in link.items() if name not in ("nonce", "proof")}


def test_after_a_new_server_the_page_is_told_the_new_place(bench: ab.Orchestrator) -> None:
    widget = bench.dashboard()
    server = bench.server
    assert server is not None
    server.close()
    again = bench.serve()
    end_of(widget).ask(type="link")
    assert customs(widget)[-1]["url"] == again.ws_url


def test_showing_a_widget_begins_to_serve(bench: ab.Orchestrator) -> None:
    assert bench.server is None
    bench.dashboard()
    assert bench.server is not None


def test_its_text_is_the_same_each_time(bench: ab.Orchestrator) -> None:
    assert repr(ab.Dashboard(bench)) == "Dashboard('my rig')"
    assert repr(ab.LogPane(bench)) == "LogPane('my rig')"
    data, _metadata = bench._repr_mimebundle_()
    assert data["text/plain"] == "Dashboard('my rig')"


def test_an_orchestrator_shows_its_dashboard(bench: ab.Orchestrator) -> None:
    data, _metadata = bench._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert bench.token not in str(data)


def test_a_client_can_be_looked_at_as_well(bench: ab.Orchestrator) -> None:
    server = bench.serve()
    with ab.connect(server.url, bench.token) as client:
        pane = ab.LogPane(client, query="level>=warn")
        assert pane.epoch == bench.epoch
        link = {"type": "link", **bench.link()}
        assert [same_each_time(one) for one in customs(pane)] == [same_each_time(link)]


def on_a_subshell(work: Callable[[], object]) -> None:
    """As a kernel runs what a page says while its main thread has a cell to run."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def test_a_client_s_view_says_on_any_thread_where_the_server_is(comms: None) -> None:
    """It begins to serve nothing, as an orchestrator's view would."""
    with far_away() as far, ab.connect(far.url, TOKEN) as client:
        widget = ab.LogPane(client)
        on_a_subshell(lambda: end_of(widget).ask(type="link"))
        told = customs(widget)
        link = {"type": "link", **client.link(), "via": "client"}
        assert [same_each_time(one) for one in told] == [same_each_time(link)] * 2


def test_an_orchestrator_s_view_begins_to_serve_on_the_main_thread_alone(
    bench: ab.Orchestrator,
) -> None:
    widget = bench.dashboard()
    assert bench.server is not None
    bench.server.close()
    before = customs(widget)
    on_a_subshell(lambda: end_of(widget).ask(type="link"))
    assert customs(widget) == before
    assert bench.server is None or bench.server.is_closed


def test_a_client_s_view_carries_widget_messages_and_says_when_the_server_is_back(
    comms: None,
) -> None:
    with far_away() as far, ab.connect(far.url, TOKEN) as client:
        widget = ab.LogPane(client)
        end_of(widget).ask(type="hub.open", link="p.1", text='{"type":"hello"}')
        wait_until(lambda: b'"type":"state.snapshot"' in hub_data(widget), "the first picture")
        far.kill()
        far.start()
        wait_until(lambda: customs(widget)[-1].get("returned"), "the news")
        assert customs(widget)[-1]["epoch"] == far.epoch
        assert TOKEN.encode() not in hub_data(widget)
        widget.close()
        wait_until(lambda: far.do("len(bench.server.pump.links)") == 1, "the end of its sockets")


def hub_data(widget: View) -> bytes:
    """What has gone to its pages by widget message."""
    return b"".join(bytes(one) for buffers in end_of(widget).buffers for one in buffers)


def test_options_go_to_the_page_and_what_was_left_out_does_not(bench: ab.Orchestrator) -> None:
    pane = ab.LogPane(bench, query="channel:psu", columns=("time", "message"), wrap=False)
    assert pane.options == {"query": "channel:psu", "columns": ["time", "message"], "wrap": False}
    assert ab.LogPane(bench).options == {}
    assert ab.StatePane(bench, pointer="/devices").options == {"pointer": "/devices"}
    assert bench.dashboard(height=600).options == {"height": 600}


def test_each_widget_says_which_view_it_is(bench: ab.Orchestrator) -> None:
    assert [make(bench).view for make in ALL] == ["dashboard", "logs", "state", "badge"]


def test_what_is_sent_is_json(bench: ab.Orchestrator) -> None:
    for message in customs(bench.dashboard()):
        assert orjson.loads(orjson.dumps(message)) == message


def test_missing_bundles_say_the_remedy_and_all_but_the_widgets_works(tmp_path: Path) -> None:
    shutil.copytree(
        PACKAGE, tmp_path / "autobench_nb", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    code = (
        "import autobench_nb as ab\n"
        "with ab.Orchestrator() as bench:\n"
        "    bench.run('echo works').wait(30)\n"
        "    print(ab.__file__, len(bench.logs.query('works')) > 0)\n"
        "    bench.dashboard()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [str(tmp_path / "autobench_nb" / "__init__.py"), "True"]
    assert "FileNotFoundError" in done.stderr
    assert "loader.js is not there" in done.stderr
    assert "pip install -e ." in done.stderr


LOCATED = {"query": "level>=warn", "mode": "locate", "context": 0, "rows": False}


def test_a_pane_that_locates_gives_the_matches_unless_all_lines_are_asked_for(
    bench: ab.Orchestrator,
) -> None:
    pane = ab.LogPane(bench)
    for level in ("info", "warn", "info"):
        bench.log("psu").log(level, level)
    place = {"firstSeq": 0, "endSeq": 3, "gaps": []}
    pane.shown = {**LOCATED, **place}
    assert pane.to_pandas().message.tolist() == ["warn"]
    assert pane.to_pandas(all_lines=True).message.tolist() == ["info", "warn", "info"]
    pane.shown = {**LOCATED, **place, "mode": "filter"}
    assert pane.to_pandas(all_lines=True).message.tolist() == ["warn"]
