"""Served lines: strict on what we know, open to what a newer writer adds."""

import io
import json
from dataclasses import replace

import pyarrow.json
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from movierec.lines.events import BadLine
from movierec.lines.served import FIELDS, Served, parse_served

LINE = {
    "time": "2026-11-01T19:03:07.250",
    "request_id": "r1",
    "user": 7,
    "model": "svd@v1.0.0",
    "arm": "svd",
    "tier": "model",
    "ids": ["jaws+1975"],
}
KNOWN = {"v", "ratings", "history", "told", *LINE}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def parsed(**change: object) -> Served | BadLine:
    return parse_served(json.dumps(LINE | change).encode())


def test_a_line_without_a_version_is_read_as_one_of_the_first() -> None:
    old, new = parsed(), parsed(v=1)
    assert isinstance(old, Served) and isinstance(new, Served)
    assert (old.time, old.digits, old.user) == (1793559787250000000, 3, 7)
    assert old.text == json.dumps(LINE)
    assert replace(new, text=old.text) == old


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_fields_that_a_reader_does_not_know_change_nothing_but_the_text(more: dict) -> None:
    assume(not more.keys() & KNOWN)
    document = more | LINE | {"v": 1}
    served = parse_served(json.dumps(document).encode())
    assert isinstance(served, Served)
    assert json.loads(served.text) == document
    assert replace(served, text="") == replace(parsed(), text="")


@pytest.mark.parametrize("version", [0, 2, "1", 1.0, True, None, [1]])
def test_a_version_that_this_reader_does_not_know_is_refused(version: object) -> None:
    assert parsed(v=version) == BadLine("bad-served")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time": None}, "bad-served"),
        ({"time": "2026-11-01"}, "bad-time"),
        ({"request_id": 1}, "bad-served"),
        ({"user": "7"}, "bad-served"),
        ({"user": True}, "bad-served"),
        ({"user": -1}, "bad-served"),
        ({"user": 10**18}, "bad-served"),
        ({"model": 1}, "bad-served"),
        ({"arm": None}, "bad-served"),
        ({"tier": "best"}, "bad-served"),
        ({"ids": []}, "bad-served"),
        ({"ids": "jaws+1975"}, "bad-served"),
        ({"ids": [1]}, "bad-served"),
        ({"ids": ["Not a slug"]}, "bad-served"),
        ({"ids": ["a+1990"] * 1001}, "bad-served"),
        ({"told": 1}, "bad-served"),
        ({"told": None}, "bad-served"),
        ({"ratings": None}, "bad-served"),
        ({"ratings": 4.1}, "bad-served"),
        ({"ratings": []}, "bad-served"),
        ({"ratings": [4.1, 4.1]}, "bad-served"),
        ({"ratings": [None]}, "bad-served"),
        ({"ratings": ["4.1"]}, "bad-served"),
        ({"ratings": [1e7]}, "bad-served"),
        ({"history": None}, "bad-served"),
        ({"history": {}}, "bad-served"),
        ({"history": ["jaws+1975"]}, "bad-served"),
        ({"history": [["jaws+1975"]]}, "bad-served"),
        ({"history": [["jaws+1975", 4, 4]]}, "bad-served"),
        ({"history": [["Jaws", 4]]}, "bad-served"),
        ({"history": [[1, 4]]}, "bad-served"),
        ({"history": [["jaws+1975", "4"]]}, "bad-served"),
        ({"history": [["jaws+1975", True]]}, "bad-served"),
        ({"history": [["jaws+1975", 10**400]]}, "bad-served"),
        ({"history": [["a+1990", 4]] * 1001}, "bad-served"),
    ],
    ids=str,
)
def test_a_field_of_another_kind_is_refused_known_version_or_none(change, reason) -> None:
    assert parsed(**change) == parsed(**change, v=1) == BadLine(reason)


def test_the_limits_themselves_are_fine() -> None:
    for change in ({"user": 0}, {"user": 10**18 - 1}, {"ids": ["a+1990"] * 1000}):
        assert isinstance(parsed(**change), Served)


@pytest.mark.parametrize("rating", [None, 4, 4.25, 0, -1])
def test_what_an_answer_was_made_with_may_be_told(rating: object) -> None:
    change = {"history": [["jaws+1975", rating]] * 1000, "told": True}
    served = parsed(**change)
    assert isinstance(served, Served)
    assert json.loads(served.text) == LINE | change


@pytest.mark.parametrize("rating", [4, 4.125, 0, -1, 1e6])
def test_what_it_predicts_may_be_told(rating: float) -> None:
    assert isinstance(parsed(ratings=[rating]), Served)


def test_a_rating_without_end_is_refused() -> None:
    line = json.dumps(LINE | {"history": [["jaws+1975", 0]]}).replace(", 0]", ", 1e999]")
    assert parse_served(line.encode()) == BadLine("not-json")


@pytest.mark.parametrize("key", [*FIELDS, "ids"])
def test_a_line_without_a_field_is_refused(key: str) -> None:
    document = {name: value for name, value in LINE.items() if name != key}
    assert parse_served(json.dumps(document).encode()) == BadLine("bad-served")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "7",
        '{"user": 7',
        json.dumps(LINE) + "\n",
        json.dumps(LINE, indent=1),
        json.dumps(LINE)[:-1] + ', "user": 8}',
        json.dumps(LINE)[:-1] + ', "new": NaN}',
        json.dumps(LINE)[:-1] + ', "new": {"a": 1, "a": 2}}',
        json.dumps(LINE)[:-1] + ', "new": 1e400}',
        json.dumps(LINE)[:-1] + ', "new": ["\\ud83d half"]}',
        json.dumps(LINE)[:-1] + ', "\\uDC00 half": 1}',
        "[" * 100_000,
    ],
    ids=lambda text: text[-20:],
)
def test_what_readers_could_read_in_two_ways_is_refused(text: str) -> None:
    assert isinstance(parse_served(text.encode()), BadLine)


@pytest.mark.parametrize(
    "more", ['"new": "\\ud83d\\ude00"', '"new": "\\\\ud83d"', '"ratings": [4e0]', '"new": 1e308']
)
def test_what_is_taken_online_evaluation_can_read(more: str) -> None:
    text = f"{json.dumps(LINE)[:-1]}, {more}}}"
    assert isinstance(parse_served(text.encode()), Served)
    assert pyarrow.json.read_json(io.BytesIO(text.encode()))["ids"].to_pylist() == [LINE["ids"]]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_served_line_or_have_a_reason(line: bytes) -> None:
    assert isinstance(parse_served(line), Served | BadLine)
