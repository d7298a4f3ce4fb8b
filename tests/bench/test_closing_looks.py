"""What is read off a collector's port, and what is told of it."""

import json
from dataclasses import replace

import pytest

from tests.bench import closing_looks
from tests.bench.closing_looks import Look, caught_up, look, phases, worst

METRICS = """# TYPE collector_durable_offset gauge
collector_durable_offset{topic="movielog",partition="0"} 1000.0
collector_durable_offset{topic="movielog",partition="1"} 500.0
# TYPE collector_lag_seconds gauge
collector_lag_seconds{topic="movielog",partition="0"} 1.5
collector_lag_seconds{topic="movielog",partition="1"} 0.5
"""
QUIET = Look(0.0, 10, 100, 1.0, 0.1)


def test_what_is_unread_is_neither_on_disk_nor_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        "metrics": METRICS,
        "healthz": json.dumps({"seconds_since_poll": 0.2, "buffered_lines": 40}),
    }
    monkeypatch.setattr(closing_looks, "_asked", lambda port, page: pages[page])
    seen = look(9400, lambda: 1600)
    assert replace(seen, at=0.0) == Look(0.0, 60, 100, 1.5, 0.2)
    assert look(9400, lambda: 1510).unread == 0  # written between two answers


def test_the_worst_of_each_phase_and_when_it_is_as_before() -> None:
    looks = [replace(QUIET, at=float(at)) for at in range(10)]
    looks[4] = Look(4.0, 5000, 6000, 3.0, 2.0)
    looks[6] = replace(looks[6], unread=3000)
    parts = phases(looks, 3.0, 5.5)
    assert [len(parts[phase]) for phase in ("before", "closing", "after")] == [3, 3, 4]
    assert worst(parts["closing"]) == Look(5.0, 5000, 6000, 3.0, 2.0)
    assert caught_up(parts, 5.5) == 1.5
    assert caught_up(parts | {"after": looks[6:7]}, 5.5) is None
    assert worst([]) == Look(0.0, 0, 0, 0.0, 0.0)
