"""What became of answers, by hand: what their users started, watched and rated."""

import dataclasses

import pytest

from movierec.errors import BadParams
from movierec.evaluation.online.answers import Codes, read_answers
from movierec.evaluation.online.outcomes import Online, outcomes
from movierec.fields import checked
from tests.movierec.evaluation.online.rows import (
    PARAMS,
    SCALE,
    rating,
    request,
    rows,
    served,
    watch,
)

GIVEN = dataclasses.asdict(PARAMS)


def found(*lines, before=()):
    """Answers' users, and what became of them."""
    movies = Codes()
    day, eve = (rows(*some).to_batches(max_chunksize=3) for some in (lines, before))
    answers = read_answers(eve, day, movies)
    return answers, outcomes(answers, eve, day, movies, PARAMS, SCALE)


def told(what, *lines, before=()):
    """(user, minute of the answer) → what became of it."""
    answers, became = found(*lines, before=before)
    keys = zip(answers.user.tolist(), (answers.time / 60e9).tolist(), strict=True)
    return dict(zip(keys, getattr(became, what).tolist(), strict=True))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"deadline_ms": 0}, "deadline_ms must be at least 1, got 0"),
        ({"conversion_minutes": 721}, "conversion_minutes must be above 0 and at most 720"),
        ({"since": "yesterday"}, "since: 'yesterday' is no day; expected YYYY-MM-DD, or empty"),
    ],
)
def test_a_bad_parameter_is_named(change, why):
    assert checked(Online, {**GIVEN, "deadline_ms": 1, "since": "2026-11-05"}, "online")
    with pytest.raises(BadParams, match=f"online: {why}"):
        checked(Online, GIVEN | change, "online")


def test_a_watch_of_an_offered_movie_within_the_window_converts():
    assert told(
        "converted",
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
        served(1, 7, ["a", "a"], "at the moment, and a movie that stands twice"),
        watch(1, 7, "a"),
    ) == {(1, 0): True, (2, 0): False, (3, 0): False, (4, 5): False, (5, 0): False, (7, 1): True}


def test_a_start_is_credited_to_the_latest_answer_only():
    assert told(
        "converted",
        served(0, 1, ["a"], "first"),
        served(5, 1, ["b"], "second", model="svdpp@v1"),
        watch(6, 1, "a"),
        watch(7, 1, "b"),
    ) == {(1, 0): False, (1, 5): True}


def test_watching_on_is_no_start():
    """Whoever was in minute 40 when the answer came, or saw a bit of it long before."""
    assert told(
        "converted",
        served(1440, 1, ["a", "b"], "in minute 40"),
        *(watch(minute, 1, "a") for minute in range(1400, 1460)),
        served(1440, 2, ["a"], "saw of it the day before"),
        watch(1443, 2, "a"),
        served(1440, 3, ["a"], "somebody else's movie"),
        watch(1437, 4, "a"),
        watch(1443, 3, "a"),
        served(1500, 1, ["a"], "the same movie again"),
        watch(1501, 1, "a"),
        before=[watch(10, 2, "a")],
    ) == {(1, 1440): False, (1, 1500): False, (2, 1440): False, (3, 1440): True}


def test_minutes_are_the_different_ones_of_what_was_started_within_the_window():
    assert told(
        "minutes",
        served(0, 1, ["a", "b", "c"], "r"),
        watch(1, 1, "a", of=0),
        watch(2, 1, "a", of=1),
        watch(2, 1, "a", of=1),  # again
        watch(3, 1, "x", of=2),  # not offered
        watch(30, 1, "b", of=7),
        watch(31, 1, "b", of=8),  # too late
        served(5, 1, ["c"], "s"),
        watch(6, 1, "a", of=2),  # the first answer's still
        watch(8, 1, "c", of=0),
        served(0, 2, ["a"], "watches on"),
        watch(-1, 2, "a", of=4),
        watch(1, 2, "a", of=5),
        served(0, 3, ["a"], "nothing"),
    ) == {(1, 0): 3, (1, 5): 1, (2, 0): 0, (3, 0): 0}
    # b was started after the second answer, which did not offer it: nobody's.


def test_a_rating_counts_for_the_latest_answer_of_a_day_that_offered_the_movie():
    day = 1440
    lines = [
        served(10, 1, ["a", "b"], "r", ratings=[4.5, 3]),
        served(20, 1, ["b"], "s"),
        rating(100, 1, "a", 4),
        rating(9, 1, "b", 1),  # before any answer, and not the last
        rating(day + 20, 1, "b", 2),
        served(0, 2, ["a"], "t", ratings=[1.0]),
        rating(day, 2, "a", 5),
        served(0, 3, ["a"], "u", ratings=[1.0]),
        rating(day + 0.001, 3, "a", 5),  # more than a day
        rating(50, 4, "a", 5),  # of nobody who got an answer
        served(0, 5, ["a"], "v", ratings=[2.25]),
        rating(30, 5, "a", 9),  # off the scale
        rating(31, 5, "a", 3.5),
        rating(31, 5, "a", 1),  # as late: the higher one counts, whichever line comes first
        rating(32, 5, "z", 5),
    ]
    keys = [(1, 10), (1, 20), (2, 0), (3, 0), (5, 0)]
    expected = {
        "ratings": [1, 1, 1, 0, 1],
        "rating": [400, 200, 500, 0, 350],
        "predicted": [1, 0, 1, 0, 1],
        "squared": [250_000, 0, 16_000_000, 0, 1_562_500],
    }
    for what, values in expected.items():
        assert told(what, *lines) == dict(zip(keys, values, strict=True)), what
        assert told(what, *lines[::-1]) == dict(zip(keys, values, strict=True)), what


def test_ratings_of_the_day_before_were_counted_then():
    assert told("ratings", served(20, 1, ["a"], "r"), before=[rating(21, 1, "a", 4)]) == {
        (1, 20): 0
    }
    eve = [served(20, 1, ["a"], "r")]
    assert told("ratings", rating(1445, 1, "a", 4), before=eve) == {(1, 20): 1}


def test_starts_that_nothing_offered_are_told_as_well():
    _, became = found(
        served(0, 1, ["a"], "r"),
        watch(1, 1, "z"),
        watch(2, 1, "a"),
        watch(40, 1, "late"),
        watch(1, 2, "z"),
    )
    assert became.started[0].tolist() == [0, 0]
    assert sorted(became.started[1].tolist()) == [0, 1]
    assert became.watchers.tolist() == [1, 2, 1]


def test_nothing_at_all_is_nothing():
    answers, became = found()
    assert len(answers) == len(became.converted) == len(became.minutes) == len(became.ratings) == 0
    answers, became = found(
        watch(1, 1, "a"), rating(2, 1, "a", 4), request("h:1, status 200, result: a, 1 ms")
    )
    assert (len(answers), became.watchers.tolist(), became.requests.lines) == (0, [1], 1)


def test_first_watches_are_the_same_however_often_they_are_put_together(monkeypatch):
    lines = [
        served(0, 1, ["a", "b"], "r"),
        *(watch(m, 1, "ab"[m % 2], of=m) for m in range(9, 0, -1)),
    ]
    whole = told("minutes", *lines)
    monkeypatch.setattr("movierec.evaluation.online.outcomes.MANY_ROWS", 1)
    assert told("minutes", *lines) == whole == {(1, 0): 9}
