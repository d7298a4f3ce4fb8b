"""Served lines as a service logs them, of small packages: for whoever makes answers again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from infra.release.answers import Found
from movierec.lines.parsing import parse_served
from movierec.lines.rows import LineBatch
from movierec.models.modelfile import load_model
from movierec.store.tail import claim_partition
from movierec.times import DAY, MILLISECOND, day_number
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.settings import ServiceSettings
from tests.serve.conftest import Lines

TOPIC = "served"
NOW = day_number("2026-12-01") * DAY
"""Later than all lines here."""


def answered(package: Path, user: int, *events: str, query: str = "", **said: Any) -> bytes:
    """The line that a service with this package logs for a user after some events (`/rate/…`),
    with other fields where they are given."""
    model, lines = load_model(package), Lines()
    settings = ServiceSettings(package, kafka=KafkaSettings(("127.0.0.1:1",)), history=True)
    app = create_app(settings, model, served=lines)
    for event in events:
        line = f"2026-11-01T19:03:07.250,{user},GET {event}"
        app.extensions[HISTORY]._histories.add(line.encode())
    assert app.test_client().get(f"/recommend/{user}{query}").status_code == 200
    logged: dict[str, Any] = json.loads(lines.lines[-1][1])
    return json.dumps(logged | said).encode()


def found(line: bytes) -> Found:
    return Found.of(line, "a test")


def put(root: Path, lines: Sequence[bytes], partition: int = 0) -> int:
    """Append lines to a partition; where it ends then."""
    tail = claim_partition(root, TOPIC, partition)
    n = len(lines)
    offsets = np.arange(tail.end, tail.end + n, dtype=np.int64)
    batch = LineBatch(offsets, np.full(n, -1), pa.array(lines, pa.large_binary()))
    tail.write(tail.end + n, parse_served(batch, NOW // MILLISECOND))
    return tail.end
