"""What a program said in its log: each event with the facts beside it."""

from typing import Any

import pytest

from serve.logs import PLAIN

Said = tuple[str, dict[str, Any]]


def said(caplog: pytest.LogCaptureFixture, logger: str = "serve") -> list[Said]:
    """(event, facts) of every record of a logger and those below it, oldest first."""
    return [
        (record.getMessage(), {k: v for k, v in vars(record).items() if k not in PLAIN})
        for record in caplog.records
        if f"{record.name}.".startswith(f"{logger}.")
    ]
