"""What a person sees on a terminal, and what a machine reads everywhere else."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from serve.collector.progress import Progress
from serve.logs import log_json

TOTALS = {"read": 1_234_567, "rejected": 12, "lag": 3, "days": 2}


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Where log lines go; the loggers are as before afterwards."""
    root, serve = logging.getLogger(), logging.getLogger("serve")
    before = (root.handlers[:], root.level, serve.level)
    root.handlers.clear()
    stream = io.StringIO()
    log_json(stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    serve.setLevel(before[2])


def test_a_terminal_shows_one_line_that_is_written_over() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show(TOTALS)
    assert "1,234,567 lines · 12 rejected · " in terminal.getvalue()
    assert terminal.getvalue().endswith("/s · lag 3 · 2 days closed")
    assert terminal.getvalue().startswith("\r")
    progress.show(TOTALS, last=True)
    assert terminal.getvalue().count("\n") == 1


def test_a_pipe_stays_quiet() -> None:
    pipe = io.StringIO()
    Progress(pipe).show(TOTALS, last=True)
    assert pipe.getvalue() == ""


def test_a_log_line_is_one_json_object_with_its_counts(logged: io.StringIO) -> None:
    logging.getLogger("serve.collector").info("segment", extra={"read": 3, "note": "two\nlines"})
    (line,) = logged.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["read"]) == ("segment", "info", 3)
    assert entry["note"] == "two\nlines"


def test_other_libraries_are_heard_from_warnings_on(logged: io.StringIO) -> None:
    logging.getLogger("kafka").info("connecting")
    logging.getLogger("kafka").warning("no broker")
    (line,) = logged.getvalue().splitlines()
    assert json.loads(line)["event"] == "no broker"
