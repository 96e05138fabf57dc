"""Logs are one line an event, and never the end of whoever writes them."""

import io
import logging
from pathlib import Path

import pytest
import structlog

from logs import Outage, configure_logs


def fail(log: "structlog.stdlib.BoundLogger | logging.Logger") -> None:
    try:
        int("several\nlines")
    except ValueError:
        log.exception("it failed")


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    out = io.StringIO()
    configure_logs("info", out)
    log = structlog.get_logger()
    log.info("chunk read", rows=3)
    log.warning("model refused", why='a "quoted"\nsecond line')
    fail(log)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].endswith('level=info event="chunk read" rows=3')
    assert lines[1].endswith(r'level=warning event="model refused" why="a \"quoted\"\nsecond line"')
    assert "ValueError: invalid literal" in lines[2]


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;owned\x07", "\u202e7", "\r12:00:00  7  99.9%  accepted"])
def test_no_text_of_others_acts_on_a_terminal(text: str) -> None:
    out = io.StringIO()
    configure_logs("info", out)
    structlog.get_logger().warning("message dropped", queue=text)
    logging.getLogger("celery").warning("lost %s", text)
    assert all(line.isprintable() for line in out.getvalue().splitlines())
    assert len(out.getvalue().splitlines()) == 2


def test_a_library_s_line_looks_like_ours() -> None:
    out = io.StringIO()
    configure_logs("info", out)
    logging.getLogger("celery").info("nobody needs this")
    logging.getLogger("celery").warning("lost %s", "it")
    fail(logging.getLogger("celery"))
    lines = out.getvalue().splitlines()
    assert [line.split(" ", 1)[1].split(" exception=")[0] for line in lines] == [
        'level=warning event="lost it"',
        'level=error event="it failed"',
    ]
    assert all(line.startswith("at=20") for line in lines)


@pytest.mark.linux  # only Linux has a device that is always full
def test_a_full_disk_costs_lines_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - it can't even be closed in peace
    configure_logs("info", full)
    for _ in range(2000):  # more than any buffer holds
        structlog.get_logger().error("waiting", why="the disk is full")
        logging.getLogger("celery").error("waiting")
    with pytest.raises(OSError, match="No space left"):
        full.close()
    assert capfd.readouterr() == ("", "")


def test_an_outage_is_one_line_and_its_end_another() -> None:
    outage = Outage("ledger lost", "ledger is back")
    with structlog.testing.capture_logs() as logs:
        outage.back()
        for _ in range(2):
            outage.lost("it is full", rows="1-3")
            outage.lost("it is full", rows="4")
            outage.back()
            outage.back()
    assert [line["event"] for line in logs] == ["ledger lost", "ledger is back"] * 2
    assert logs[0] == {"event": "ledger lost", "why": "it is full", "rows": "1-3", "log_level": "error"}


def test_less_than_asked_for_is_not_written() -> None:
    out = io.StringIO()
    configure_logs("warning", out)
    structlog.get_logger().info("chunk read")
    assert not out.getvalue()
