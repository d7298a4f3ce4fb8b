"""What a person sees on a terminal, and what a machine reads everywhere else."""

import io
import json
import logging
import time
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


def test_the_rate_is_that_since_the_last_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    terminal = Terminal()
    progress = Progress(terminal)
    for passed, read, rate in [(0.5, 50, "100/s"), (2.0, 650, "300/s")]:
        now[0] += passed
        progress.show(TOTALS | {"read": read})
        assert terminal.getvalue().endswith(f" · {rate} · lag 3 · 2 days closed")
    progress.show(TOTALS | {"read": 650})  # and at once again, without a time in between
    assert " · 0/s · " in terminal.getvalue()


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


def test_what_is_shown_is_seen_at_once() -> None:
    """A terminal's line without an end waits in the buffer of the stream."""

    class Screen(io.BytesIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    progress = Progress(io.TextIOWrapper(screen, encoding="utf-8"))
    progress.show(TOTALS)
    assert "1,234,567 lines" in screen.getvalue().decode()
