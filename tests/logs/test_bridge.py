"""The bridge from the standard logging module."""

from __future__ import annotations

import io
import logging
import sys
import threading

import pytest

from autobench_nb.logs import Level, LogRing
from autobench_nb.notebook.logging import BridgeHandler


@pytest.fixture
def ring() -> LogRing:
    return LogRing(1_000)


@pytest.fixture
def logger(ring: LogRing) -> logging.Logger:
    # A logger of no tree, so that no other handler sees its records.
    logger = logging.Logger("autobench.test.bridge")
    logger.addHandler(BridgeHandler(ring))
    return logger


def test_a_record_becomes_an_entry(ring: LogRing, logger: logging.Logger) -> None:
    logger.info("hello %s", "you")
    (entry,) = ring.since(0).entries
    assert entry[5:] == (Level.INFO, "hello you", "autobench.test.bridge", *[None] * 6)
    assert entry.channel == "python"


@pytest.mark.parametrize(
    ("number", "level"),
    [
        (10, "debug"),
        (20, "info"),
        (25, "info"),
        (30, "warn"),
        (40, "error"),
        (50, "fatal"),
        (60, "fatal"),
    ],
)
def test_levels_are_mapped(ring: LogRing, logger: logging.Logger, number: int, level: str) -> None:
    logger.log(number, "x")
    assert ring.since(0).entries[0].level.wire == level


def test_the_records_own_time_is_kept(ring: LogRing, logger: logging.Logger) -> None:
    record = logger.makeRecord(logger.name, logging.INFO, "f", 1, "x", (), None)
    record.created = 1_700_000_000.123456
    logger.handle(record)
    assert ring.since(0).entries[0].ts == 1_700_000_000_123.456


def test_extras_become_fields_and_ids(ring: LogRing, logger: logging.Logger) -> None:
    logger.warning("hot", extra={"temp": 81.5, "where": {"rack": 2}})
    logger.warning("hot", extra={"temp": 1, "job_id": "j1", "device_id": "psu0", "channel": "psu"})
    first, second = ring.since(0).entries
    assert first.fields == {"temp": 81.5, "where.rack": 2}
    assert (second.fields, second.job_id, second.device_id, second.channel) == (
        {"temp": 1},
        "j1",
        "psu0",
        "psu",
    )
    assert second.logger == "autobench.test.bridge"


def test_tracebacks_and_stacks_become_exc(ring: LogRing, logger: logging.Logger) -> None:
    try:
        raise ValueError("deep")
    except ValueError:
        logger.exception("failed")
    logger.info("here", stack_info=True)
    logger.info("none", exc_info=(None, None, None))
    failed, stack, _ = ring.since(0).entries
    assert failed.exc is not None
    assert failed.exc.startswith("Traceback")
    assert failed.exc.endswith("ValueError: deep")
    assert stack.exc is not None
    assert stack.exc.startswith("Stack (most recent call last)")


def test_what_another_handler_formatted_is_no_extra(ring: LogRing, logger: logging.Logger) -> None:
    first = logging.StreamHandler(io.StringIO())
    first.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.handlers.insert(0, first)
    logger.info("x")
    logger.removeHandler(first)
    assert ring.since(0).entries[0].fields is None


def test_messages_need_not_be_text(ring: LogRing, logger: logging.Logger) -> None:
    logger.info(5)
    logger.info(ValueError("as message"))
    logger.info("100 %")
    logger.info("")
    assert [entry.message for entry in ring.since(0).entries] == ["5", "as message", "100 %", ""]


def test_a_broken_record_is_reported_and_never_raised(
    ring: LogRing, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.info("%d", "no number")
    logger.info("fine")
    broken, fine = [entry.message for entry in ring.since(0).entries]
    assert broken.startswith("%d [not formatted with ('no number',): TypeError")
    assert fine == "fine"
    assert capsys.readouterr().err == ""


def test_filters_and_levels_hold(ring: LogRing, logger: logging.Logger) -> None:
    (handler,) = logger.handlers
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: "no" not in record.getMessage())
    logger.info("quiet")
    logger.error("no")
    logger.error("yes")
    assert [entry.message for entry in ring.since(0).entries] == ["yes"]


def test_logging_from_inside_does_not_recurse(logger: logging.Logger) -> None:
    ring = LogRing(10, on_dirty=lambda: logger.info("said by on_dirty"))
    logger.handlers[0]._ring = ring  # type: ignore[attr-defined]

    class Loud:
        def __str__(self) -> str:
            logger.info(self)
            return "loud"

    logger.info("%s", Loud())
    assert [entry.message for entry in ring.since(0).entries] == ["loud"]
    logger.info("after")
    assert [entry.message for entry in ring.since(1).entries] == ["after", "said by on_dirty"]


def test_one_threads_handing_over_does_not_silence_another(
    ring: LogRing, logger: logging.Logger
) -> None:
    class Waiting:
        def __str__(self) -> str:
            thread = threading.Thread(target=logger.info, args=("other",))
            thread.start()
            thread.join(10)
            return "waiting"

    logger.info("%s", Waiting())
    assert [entry.message for entry in ring.since(0).entries] == ["other", "waiting"]


def test_the_channel_may_depend_on_the_logger(ring: LogRing) -> None:
    handler = BridgeHandler(ring, channel=lambda name: name.split(".")[0])
    handler.handle(logging.LogRecord("psu.driver", 20, "", 1, "x", (), None))
    assert ring.since(0).entries[0].channel == "psu"


def test_logger_names_made_up_without_end_are_not_all_remembered(ring: LogRing) -> None:
    handler = BridgeHandler(ring)
    for number in range(3_000):
        handler.handle(logging.LogRecord(f"l{number}", 20, "", 1, "x", (), None))
    assert ring.next_seq == 3_000
    assert sys.getsizeof(handler._writers) < 100_000
