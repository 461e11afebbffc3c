"""A client's log says where every line is that was ever written: the figures add up."""

from __future__ import annotations

import pytest

from autobench_nb.sync.client.effects import LogsArrived
from autobench_nb.transports.client.mirrored import MirroredLogs


def batch(
    seqs: range, first: int, end: int, missed: int = 0, *, history: bool = False
) -> LogsArrived:
    """Lines of these numbers, of a batch that covers all from ``first`` to before ``end``."""
    wires = tuple(
        {"seq": seq, "ts": 0, "channel": "app", "level": "info", "message": str(seq)}
        for seq in seqs
    )
    return LogsArrived(wires, first, end, missed, history)


@pytest.mark.parametrize(
    ("arrived", "account"),
    [
        pytest.param([], (0, 0, 0, 0, 0), id="nothing"),
        pytest.param([batch(range(5), 0, 5)], (5, 0, 0, 0, 5), id="all"),
        pytest.param([batch(range(90, 100), 90, 100)], (10, 0, 0, 90, 100), id="a history"),
        pytest.param(
            [batch(range(90, 100), 90, 100, 30)], (10, 0, 30, 60, 100), id="missed before"
        ),
        pytest.param(
            [batch(range(5), 0, 5), batch(range(8, 10), 8, 10, 3)], (7, 0, 3, 0, 10), id="a gap"
        ),
        pytest.param([batch(range(0, 10, 2), 0, 10)], (5, 0, 0, 5, 10), id="half is hidden"),
        pytest.param([batch(range(0), 0, 40)], (0, 0, 0, 40, 40), id="all is hidden"),
        pytest.param([batch(range(30), 0, 30)], (20, 10, 0, 0, 30), id="more than it holds"),
        pytest.param(
            [batch(range(15), 0, 15), batch(range(15, 30), 15, 30)], (20, 10, 0, 0, 30), id="in two"
        ),
        pytest.param(
            [batch(range(8, 10), 8, 10, 3), batch(range(5, 8), 5, 8, history=True)],
            (5, 0, 3, 2, 10),
            id="what was missed came all the same",
        ),
    ],
)
def test_the_account_of_a_client_adds_up(
    arrived: list[LogsArrived], account: tuple[int, ...]
) -> None:
    logs = MirroredLogs(capacity=20)
    for one in arrived:
        logs.take(one)
    found = logs.account
    assert tuple(found) == account
    assert found.held == logs.held == len(logs)
    assert sum(found[:-1]) == found.written == logs.written
    assert (found.evicted, found.lost) == (logs.evicted, logs.lost)
    assert f"{found.held} held" in str(found)


def test_a_client_that_shall_hold_less_says_what_it_let_go() -> None:
    logs = MirroredLogs(capacity=20)
    logs.take(batch(range(20), 0, 20))
    logs.resize(5)
    assert tuple(logs.account) == (5, 15, 0, 0, 20)
    logs.clear()
    assert tuple(logs.account) == (0, 0, 0, 0, 0)
