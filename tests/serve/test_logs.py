"""One JSON object a line, whatever is logged; libraries only from WARNING on."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from serve.logs import JsonFormatter, log_json


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where logs go while a test runs."""
    root, ours = logging.getLogger(), logging.getLogger("serve")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    stream = io.StringIO()
    log_json(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_s_own_fields_stand_beside_its_time_level_and_event(stream: io.StringIO) -> None:
    logging.getLogger("serve.x").info("a %s", "segment", extra={"rows": 3, "path": object})
    [line] = lines(stream)
    time = datetime.fromisoformat(str(line.pop("time")))
    assert abs(time.timestamp() - datetime.now().timestamp()) < 60
    assert time.utcoffset() is not None
    assert line == {
        "level": "info",
        "logger": "serve.x",
        "event": "a segment",
        "rows": 3,
        "path": str(object),
    }


def test_the_time_is_utc_to_the_millisecond() -> None:
    record = logging.makeLogRecord({"created": 86_400.25, "msg": "x"})
    assert json.loads(JsonFormatter().format(record))["time"] == "1970-01-02T00:00:00.250+00:00"


def test_a_traceback_is_one_line_of_the_log(stream: io.StringIO) -> None:
    try:
        raise ValueError("no\nway")
    except ValueError:
        logging.getLogger("serve.x").exception("failed")
    [line] = lines(stream)
    assert "ValueError: no\nway" in str(line["traceback"])


def test_libraries_speak_from_warning_on_and_we_from_the_level_given(stream: io.StringIO) -> None:
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble")
    logging.getLogger("serve.x").debug("detail")
    assert [line["event"] for line in lines(stream)] == ["trouble"]
    quiet = io.StringIO()
    log_json(quiet, logging.WARNING)
    logging.getLogger("serve.x").info("segment")
    assert quiet.getvalue() == ""
