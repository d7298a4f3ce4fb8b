"""One line of the served log: an answer, or the reason why it is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.events import BadLine
from movierec.lines.served import Served, parse_served

SERVED = {
    "time": "2026-11-01T19:03:07.250",
    "request_id": "r1",
    "user": 7,
    "model": "svd@v1.0.0",
    "arm": "svd",
    "tier": "model",
    "ids": ["jaws+1975"],
}


WRONG = [
    {"more": 1},
    {"time": None},
    {"time": "2026-11-01"},
    {"user": "7"},
    {"user": True},
    {"user": -1},
    {"user": 10**18},
    {"model": 1},
    {"tier": "best"},
    {"ids": []},
    {"ids": ["Not a slug"]},
    {"ids": ["a+1990"] * 1001},
]


@pytest.mark.parametrize("change", WRONG, ids=lambda change: str(change)[:30])
def test_a_served_line_with_another_field_or_type_is_rejected(change: dict[str, object]) -> None:
    assert not isinstance(parse_served(json.dumps(SERVED).encode()), BadLine)
    assert isinstance(parse_served(json.dumps(SERVED | change).encode()), BadLine)


@pytest.mark.parametrize("key", SERVED)
def test_a_served_line_without_a_field_is_rejected(key: str) -> None:
    document = {name: value for name, value in SERVED.items() if name != key}
    assert parse_served(json.dumps(document).encode()) == BadLine("bad-served")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_served_line_or_have_a_reason(line: bytes) -> None:
    assert isinstance(parse_served(line), Served | BadLine)
