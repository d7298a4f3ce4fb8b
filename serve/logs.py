"""Log records → one JSON object a line: time, level, event, and the record's own fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """`log.info("segment", extra={"rows": 3})` → `{"time": …, "event": "segment", "rows": 3}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in PLAIN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_json(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send every logger's records to `stream` as JSON; other libraries only from WARNING on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("serve").setLevel(level)


def stamp(**facts: Any) -> None:
    """Put the same facts into every line of this process from now on."""

    def put(record: logging.LogRecord) -> bool:
        vars(record).update(facts)
        return True

    for handler in logging.getLogger().handlers:
        handler.addFilter(put)
