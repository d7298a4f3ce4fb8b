"""Lines of the served log as arrays: each answer once, in an order of its own."""

from itertools import pairwise

import numpy as np

from movierec.evaluation.online.answers import NO_PREDICTION, Codes, read_answers, sorted_names
from tests.movierec.evaluation.online.rows import rows, served, watch


def read(*lines, before=()):
    movies = Codes()
    eve, day = (rows(*some).to_batches(max_chunksize=2) for some in (before, lines))
    return read_answers(eve, day, movies), movies


def test_answers_are_by_user_then_time_with_their_movies_and_predictions():
    answers, movies = read(
        served(4, 2, ["b", "a"], "s", ratings=[4.25, 3]),
        watch(4, 2, "z"),
        served(2, 1, ["c"], "r", model="svdpp@v1", arm="svdpp", tier="popular"),
        served(1, 2, ["a"], "q"),
    )
    assert answers.user.tolist() == [1, 2, 2]
    assert (answers.time // 60_000_000_000).tolist() == [2, 1, 4]
    texts = np.array(movies.texts)
    lists = [texts[answers.movie[a:b]].tolist() for a, b in pairwise(answers.starts)]
    assert [sorted(ids) for ids in lists] == [["c"], ["a"], ["a", "b"]]
    predicted = dict(
        zip(texts[answers.movie[2:]].tolist(), answers.predicted[2:].tolist(), strict=True)
    )
    assert predicted == {"a": 3000, "b": 4250}
    assert answers.predicted[:2].tolist() == [NO_PREDICTION] * 2
    assert sorted_names(answers).names == {
        "model": ["svd@v1", "svdpp@v1"],
        "arm": ["svd", "svdpp"],
        "tier": ["model", "popular"],
    }
    assert sorted_names(answers).model.tolist() == [1, 0, 0]


def test_what_was_logged_on_both_days_is_the_earlier_day_s():
    line = served(1, 1, ["a"], "r")
    answers, _ = read(line, served(2, 1, ["a"], "s"), line, before=[line])
    assert answers.earlier.tolist() == [True, False]
    assert answers.lines == (1, 3)


def test_the_list_of_before_is_a_repetition_whoever_gives_it():
    answers, _ = read(
        served(0, 1, ["a", "b"], "r1"),
        served(1, 2, ["a", "b"], "r2"),  # of another user
        served(2, 1, ["a", "b"], "r3", model="svdpp@v1"),
        served(3, 1, ["b", "a"], "r4"),
        served(4, 1, ["b", "a"], "r5"),
    )
    assert answers.repeated.tolist() == [False, True, False, True, False]


def test_a_movie_is_found_in_the_answer_that_offers_it_alone():
    answers, movies = read(served(0, 1, ["a", "b", "b"], "r"), served(0, 2, ["c"], "s"))
    a, b, c = (movies.texts.index(name) for name in "abc")
    asked = np.array([0, 0, 0, 1, 1, -1, 1]), np.array([a, b, c, c, a, a, 9])
    assert (answers.offer(*asked) >= 0).tolist() == [True, True, False, True, False, False, False]


def test_no_answers_offer_nothing():
    answers, _ = read()
    assert (len(answers), len(answers.repeated)) == (0, 0)
    assert answers.offer(np.array([-1]), np.array([0])).tolist() == [-1]
