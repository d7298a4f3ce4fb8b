"""Conversions counted by hand, and against a plain loop over random histories."""

import json
import random

import numpy as np
import pyarrow as pa

from movierec.evaluation.online.joining import (
    answers_of,
    complete_until,
    converted,
    distinct,
    elsewhere,
    latest_before,
    requests_of,
    starts_of,
    unattributed,
)
from movierec.routing import Routing, arm
from movierec.times import MINUTE
from tests.movierec.evaluation.online.rows import request, rows, served, watch

WINDOW = 30 * MINUTE


def conversions(*lines):
    """request id → whether it converted."""
    table = rows(*lines)
    answers = distinct(answers_of(table))
    hit = converted(answers, starts_of(table, answers["user"].unique()), WINDOW)
    return dict(zip(answers["request_id"].to_pylist(), hit.tolist(), strict=True))


def test_a_watch_of_an_offered_movie_within_the_window_converts():
    assert conversions(
        served(0, 1, ["a", "b"], "hit"),
        watch(30, 1, "b"),
        served(0, 2, ["a", "b"], "late"),
        watch(30.001, 2, "b"),
        served(0, 3, ["a", "b"], "other movie"),
        watch(1, 3, "c"),
        served(5, 4, ["a"], "before"),
        watch(4, 4, "a"),
        served(0, 5, ["a"], "other user"),
        watch(1, 6, "a"),
    ) == {
        "hit": True,
        "late": False,
        "other movie": False,
        "before": False,
        "other user": False,
    }


def test_a_watch_at_the_moment_of_the_answer_counts():
    assert conversions(served(1, 1, ["a"], "r"), watch(1, 1, "a")) == {"r": True}


def test_a_watch_before_any_answer_to_its_user_has_none():
    answers = np.array([1, 1, 2]), np.array([10, 20, 30])
    watches = np.array([1, 1, 1, 2, 3, 0]), np.array([9, 10, 99, 29, 50, 50])
    assert latest_before(answers, watches).tolist() == [-1, 0, 1, -1, -1, -1]


def test_answers_of_which_nothing_was_watched_did_not_convert():
    assert conversions(served(0, 1, ["a"], "r"), served(1, 2, ["a"], "s")) == {
        "r": False,
        "s": False,
    }


def test_a_watch_is_credited_to_the_latest_answer_only():
    assert conversions(
        served(0, 1, ["a"], "first"),
        served(5, 1, ["b"], "second", model="svdpp@v1"),
        watch(6, 1, "a"),
        watch(7, 1, "b"),
    ) == {"first": False, "second": True}


def test_an_answer_that_was_logged_twice_counts_once():
    table = rows(served(4, 1, ["a"], "s"), served(2, 1, ["a"], "r"), served(2, 1, ["a"], "r"))
    answers = distinct(answers_of(table))
    assert answers["request_id"].to_pylist() == ["r", "s"]
    assert answers["time"].to_pylist() == [2 * MINUTE, 4 * MINUTE]


def test_an_id_that_a_caller_repeats_swallows_no_answer():
    lines = [served(1, 1, ["a"], "page-7"), served(2, 2, ["b"], "page-7")]
    lines += [served(3, 1, ["c"], "page-7"), served(3, 1, ["c"], "page-7", model="svdpp@v1")]
    answers = distinct(answers_of(rows(*lines, *lines)))
    assert answers["ids"].to_pylist() == [["a"], ["b"], ["c"], ["c"]]


def test_watching_on_is_no_conversion():
    """Whoever was in minute 40 when the answer came, or saw a bit of it long before."""
    watched_on = [watch(minute, 1, "a") for minute in range(-40, 20)]
    assert conversions(
        served(0, 1, ["a", "b"], "in minute 40"),
        *watched_on,
        served(0, 2, ["a"], "paused for ten hours"),
        watch(-600, 2, "a"),
        watch(3, 2, "a"),
        served(0, 3, ["a"], "somebody else's movie"),
        watch(-3, 4, "a"),
        watch(3, 3, "a"),
    ) == {"in minute 40": False, "paused for ten hours": False, "somebody else's movie": True}


def test_of_the_starts_of_two_days_the_first_is_one():
    """As `starts_of` gives them: a day each."""
    answers = distinct(answers_of(rows(served(1440, 1, ["a"], "r"))))
    days = [starts_of(rows(watch(minute, 1, "a")), pa.array([1])) for minute in (1438, 1443)]
    assert converted(answers, pa.concat_tables(days), WINDOW).tolist() == [False]
    assert converted(answers, days[1], WINDOW).tolist() == [True]
    assert converted(answers, days[1], WINDOW).dtype == bool  # a mask, and no numbers


def test_a_movie_is_started_once_and_by_one_answer():
    assert conversions(
        served(0, 1, ["a"], "started by it"),
        watch(5, 1, "a"),
        served(10, 1, ["a", "b"], "already going on"),
        watch(11, 1, "a"),
        watch(35, 1, "a"),
        served(36, 1, ["b"], "another movie, started"),
        watch(37, 1, "a"),
        watch(38, 1, "b"),
    ) == {"started by it": True, "already going on": False, "another movie, started": True}


def test_starts_are_the_first_watch_of_each_pair():
    table = rows(watch(5, 1, "a"), watch(2, 1, "a"), watch(3, 1, "b"), watch(1, 2, "a"))
    starts = starts_of(table, pa.array([1])).sort_by("movie").to_pylist()
    assert starts == [
        {"time": 2 * MINUTE, "user": 1, "movie": "a"},
        {"time": 3 * MINUTE, "user": 1, "movie": "b"},
    ]


def test_a_gap_between_the_days_ends_what_is_known():
    day = 1440 * MINUTE
    times = np.array([0, day + 5, 3 * day + 1, 9 * day])
    days = ["1970-01-04", "1970-01-01", "1970-01-02"]
    assert complete_until(times, days).tolist() == [2 * day, 2 * day, 4 * day, 9 * day]


def test_request_lines_are_counted_by_status_and_deadline():
    ok = "host:8080, status 200, result: a, b, 12 ms"
    counts, got = requests_of(
        rows(
            request(ok),
            request("host:8080, status 200, result: a, 600ms"),
            request("host:8080, status 200, result: a, 601 ms"),
            request("host:8080, status 0, result: Timeout, status 9: host, 3 ms, 999 ms"),
        ),
        600,
    )
    assert counts == {"lines": 4, "failed": 1, "late": 2}
    assert (len(got), len(set(got.tolist()))) == (3, 2)  # one list twice


def test_the_join_agrees_with_a_plain_loop_over_random_histories():
    rng = random.Random(5)
    for _ in range(40):
        answers = [
            served(rng.randrange(100), rng.randrange(4), rng.sample("abcdef", 3), f"r{n:02d}")
            for n in range(rng.randrange(1, 25))
        ]
        watches = [
            watch(rng.randrange(150), rng.randrange(5), rng.choice("abcdefg")) for _ in range(20)
        ]
        assert conversions(*answers, *watches) == by_hand(answers, watches)


def by_hand(answers, watches):
    """The definition, one watch at a time."""
    parsed = [(a["time"], json.loads(a["text"])["request_id"], a) for a in answers]
    result = {request_id: False for _, request_id, _ in parsed}
    for seen in watches:
        same = [w for w in watches if (w["user"], w["movie"]) == (seen["user"], seen["movie"])]
        if min(w["time"] for w in same) < seen["time"]:
            continue  # watched on
        before = [p for p in parsed if p[2]["user"] == seen["user"] and p[0] <= seen["time"]]
        if not before:
            continue
        time, request_id, latest = max(before, key=lambda p: p[:2])
        if seen["time"] - time <= WINDOW and seen["movie"] in json.loads(latest["text"])["ids"]:
            result[request_id] = True
    return result


def test_answers_of_another_arm_than_the_user_s_are_counted():
    routing = Routing("s", {"svd": 2.0, "svdpp": 1.0, "off": 0.0})
    dealt = {user: arm(user, "s", routing.weights) for user in range(100)}
    assert set(dealt.values()) == {"svd", "svdpp"}
    home = [served(user, user, ["a"], "r", arm=name) for user, name in dealt.items()]
    assert elsewhere(answers_of(rows(*home)), routing) == 0
    others = [served(200, user, ["a"], "s", arm="svdpp") for user in range(100)]
    strange = [served(300, 1, ["a"], "t", arm="nobody"), served(301, 1, ["a"], "u", arm="off")]
    away = 2 + list(dealt.values()).count("svd")
    assert elsewhere(answers_of(rows(*others, *home, *strange)), routing) == away
    assert elsewhere(answers_of(rows()), routing) == 0


def test_no_request_lines_are_none():
    counts, got = requests_of(rows(), 600)
    assert (counts, len(got)) == ({"lines": 0, "failed": 0, "late": 0}, 0)
    assert unattributed(got, answers_of(rows())) == 0


def missing(requests, *answers):
    """How many of the lists that `requests` got have no line among `answers`."""
    _, got = requests_of(rows(*requests), 600)
    return unattributed(got, distinct(answers_of(rows(*answers))))


def test_a_list_without_a_line_in_the_served_log_is_counted_and_once_for_each_time():
    ask = [
        request(f"h:1, status 200, result: {ids}, 9 ms", user=u) for ids, u in (("a, b", 1),) * 3
    ]
    ask += [request("h:1, status 200, result: a,b, 9 ms", user=2)]
    ask += [request("h:1, status 0, result: none, 9 ms", user=3)]
    assert missing(ask) == 4
    lines = [served(1, 1, ["a", "b"], "r"), served(2, 1, ["a", "b"], "s")]
    assert missing(ask, *lines) == 2
    assert missing(ask, *lines, served(1, 2, ["b", "a"], "t"), served(1, 9, ["a", "b"], "u")) == 2
    assert missing(ask, *lines, *(served(n, 2, ["a", "b"], f"v{n}") for n in (1, 2))) == 1
