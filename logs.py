"""Structured logs: one line an event, on standard error or in a file. A full disk costs lines, never the process."""

import contextlib
import logging
import sys
from typing import Any, TextIO

import structlog

from terminal import printable


class _Lines(structlog.PrintLogger):
    """Writes a line an event; one that can't be written is lost, as nobody's work may depend on it."""

    def msg(self, message: str) -> None:
        """Write a line."""
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


class _LibraryLines(logging.StreamHandler[TextIO]):
    """The same for the libraries' lines."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Lose the line, where logging itself would write a traceback to the same full disk."""


class Outage:
    """Tells the log once that something is lost, and once that it is back."""

    def __init__(self, lost: str, back: str) -> None:
        self._lost, self._back = lost, back
        self._is_lost = False

    def lost(self, why: str, **known: object) -> None:
        """Note that it is lost."""
        if not self._is_lost:
            structlog.get_logger().error(self._lost, why=why, **known)
        self._is_lost = True

    def back(self) -> None:
        """Note that it is there."""
        if self._is_lost:
            structlog.get_logger().info(self._back)
        self._is_lost = False


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Send this process's events, and the libraries' warnings, to standard error or `stream`. Safe to call twice."""
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    noted: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    written: list[Any] = [
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["at", "level", "event"]),
        lambda _logger, _name, line: printable(line),  # what others wrote may come to a terminal with it
    ]
    structlog.configure(
        processors=noted + written,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    libraries = _LibraryLines(stream)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=noted,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[libraries], force=True)
