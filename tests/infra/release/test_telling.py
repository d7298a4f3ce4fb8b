"""What a person reads of an answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.release.judging import Explained, Verdict
from infra.release.provenance import Offsets
from infra.release.telling import (
    WIDTH,
    counted,
    entries,
    headline,
    movies,
    near_told,
    offsets_told,
    tier_reason,
    values,
)
from tests.infra.release.served import found

SAID: dict[str, Any] = {
    "v": 1,
    "time": "2026-11-23T02:09:41.103412",
    "request_id": "9f86",
    "user": 42,
    "model": "svd@v1.4.0",
    "arm": "svd",
    "tier": "model",
    "ids": ["heat+1995", "up+2009"],
}
BECAUSE = {"uptake": {"from": [{"id": "jaws+1975"}, {"id": "alien+1979"}]}, "implicit": None}
AGAIN = {"ids": ["heat+1995", "up+2009"], "scores": [0.5, 1 / 3], "ratings": [4.5, 3.0]}


def explained(verdict: Verdict, why: str = "", **again: Any) -> Explained:
    return Explained(found(json.dumps(SAID).encode()), verdict, why, AGAIN | again)


def test_the_headline_says_whose_answer_it_was_and_the_verdict() -> None:
    assert headline(explained(Verdict.DIFFERENT, "the tier was model and is popular")) == (
        "DIFFERENT  2026-11-23T02:09:41.103412  user 42  svd@v1.4.0 (arm svd)  tier model  "
        "request 9f86: the tier was model and is popular"
    )
    assert headline(explained(Verdict.IDENTICAL)).endswith("request 9f86")


@pytest.mark.parametrize(
    ("said", "again", "told"),
    [
        (
            {"tier": "model", "history": [["a+1", 4.0], ["b+2", None]]},
            {"row": True, "seen": 12},
            "user 42 has a row in the model, with 12 of its movies; 2 movies of the log since then "
            "(1 rated)",
        ),
        (
            {"tier": "model"},
            {"row": False, "seen": 3},
            "user 42 watched 3 of the model's movies and rated none; 0 movies of the log since "
            "then (0 rated)",
        ),
        (
            {"tier": "fold-in", "history": [["a+1", 4.0]]},
            {"row": False, "seen": 0},
            "user 42 has no row in the model, and was folded in by 1 movie of the log since then "
            "(1 rated)",
        ),
        ({"tier": "popular"}, {"row": False, "seen": 0}, "nothing was known of user 42"),
        (
            {"tier": "popular"},
            {"row": False, "seen": 1},
            "user 42 watched 1 movie of the model's data and rated none: this model leaves those "
            "out, and makes no list of them",
        ),
        (
            {"tier": "popular"},
            {"row": True, "seen": 12, "unhurried": "model"},
            "the service was in a hurry: over SERVICE_IN_FLIGHT requests waited, so what is known "
            "of user 42, and gives the tier model, was passed over",
        ),
    ],
)
def test_the_tier_has_its_reason_in_words(
    said: dict[str, Any], again: dict[str, Any], told: str
) -> None:
    assert tier_reason(SAID | said, {"unhurried": said["tier"]} | again) == told


def test_a_list_has_its_reasons_and_the_logged_one_where_it_differs() -> None:
    same = movies(explained(Verdict.IDENTICAL, because=[BECAUSE, None])).splitlines()
    assert same[0].split() == ["movie", "score", "rating", "because", "of"]
    assert same[2].split() == ["heat+1995", "0.5", "4.5", "jaws+1975,", "alien+1979"]
    assert same[3].split() == ["up+2009", "0.333333333", "3"]
    other = movies(explained(Verdict.DIFFERENT, ids=["up+2009"], scores=None, ratings=None))
    assert [line.split() for line in other.splitlines()[2:]] == [
        ["up+2009", "heat+1995"],
        ["up+2009"],
    ]


def test_offsets_are_told_partition_by_partition() -> None:
    partitions = {
        "0": {"first": 3, "last": 12, "stored": 9, "rejected": 1},
        "1": {"first": None, "last": None, "stored": 0, "rejected": 0},
        "2": {"first": 0, "last": 0, "stored": 1, "rejected": 0},
    }
    day = Offsets("2026-11-01", partitions, "")
    assert offsets_told(day, whole=False) == (
        "2026-11-01  11 lines, offsets by partition: 0 3–12, 2 0–0"
    )
    gone = offsets_told(replace(day, note="expired on 2026-12-10"), whole=False)
    assert gone.endswith("2 0–0; expired on 2026-12-10")
    nowhere = replace(day, partitions=None, note="nowhere")
    assert offsets_told(nowhere, whole=True) == "2026-11-01  nowhere"


def test_of_many_partitions_a_few_are_told_of_unless_all_are_asked_for() -> None:
    one = {"first": 1, "last": 2, "stored": 1, "rejected": 0}
    day = Offsets("2026-11-01", dict.fromkeys(("10", "2", "0", "1"), one), "")
    few, all_ = (offsets_told(day, whole=whole).split(": ")[1] for whole in (False, True))
    assert few == "0 1–2, 1 1–2, 2 1–2, and 1 more by --offsets"
    assert all_ == "0 1–2, 1 1–2, 2 1–2, 10 1–2"


def test_entries_are_wrapped_beside_their_names() -> None:
    text = entries([("a", "word " * 40), ("long name", "one\ntwo")])
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert [line[:11] for line in text.splitlines()] == [
        "a          ",
        "           ",
        "long name  ",
        "           ",
    ]
    assert text.endswith("one\n           two")
    assert values({"rmse": 0.5, "mae": 1}) == "rmse 0.5, mae 1" and values(None) == ""


def test_of_many_it_is_counted_how_they_came_out() -> None:
    told = counted(
        [("svd@v1.0.0", "model", Verdict.IDENTICAL)] * 1200
        + [("svd@v1.0.0", "model", Verdict.DIFFERENT), ("b@v2.0.0", "popular", Verdict.NOT_MADE)]
    )
    assert [line.split() for line in told.splitlines()[2:4]] == [
        ["b@v2.0.0", "popular", "0", "0", "1"],
        ["svd@v1.0.0", "model", "1,200", "1", "0"],
    ]
    assert told.endswith("1,202 answers: 1,200 IDENTICAL, 1 DIFFERENT, 1 NOT MADE AGAIN")


def test_the_nearest_others_are_named_and_the_rest_counted() -> None:
    ones = [
        found(json.dumps(SAID | {"time": f"2026-11-23T02:{n:02d}", "request_id": str(n)}).encode())
        for n in range(9)
    ]
    told = near_told(42, ones[5].time, ones)
    assert told.startswith("others of user 42 within an hour: 2026-11-23T02:02 (request 2), ")
    assert told.endswith("2026-11-23T02:07 (request 7) and 3 more")
    assert near_told(42, 0, []) == "others of user 42 within an hour: none"
