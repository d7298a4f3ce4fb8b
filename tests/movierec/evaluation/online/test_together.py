"""Days that have other models, arms and movies, as one; test_daysums adds many of them up."""

import pytest

from movierec.evaluation.online.together import together
from tests.movierec.evaluation.online.rows import FIRST, SECOND, THIRD, served, summed, watch

LAST_MINUTES = [served(1439, 1, ["a"], "r", "svd@v2"), served(1438, 2, ["b"], "s", "svd@v1")]


def test_names_of_one_day_find_their_place_among_all():
    days = [
        summed(served(1, 1, ["z"], "r", "svdpp@v1", arm="svdpp", tier="popular"), watch(2, 1, "z")),
        summed(served(1500, 1, ["a"], "s", "ease@v1", arm="ease"), day=SECOND),
    ]
    whole = together(days)
    assert whole.names == {
        "model": ["ease@v1", "svdpp@v1"],
        "arm": ["ease", "svdpp"],
        "tier": ["model", "popular"],
    }
    assert whole.rows["model"].tolist() == [0, 1]
    assert whole.rows["tier"].tolist() == [0, 1]
    assert sorted(whole.states.tolist()) == [[-1, 1], [0, -1]]
    assert whole.spans == [[SECOND], [FIRST]]
    assert whole.movies.tolist() == [b"a", b"z"]
    assert (whole.listed.tolist(), whole.started.tolist()) == ([[1, 0], [0, 1]], [[0, 0], [0, 1]])


def test_what_the_next_day_judges_is_not_censored():
    first = summed(*LAST_MINUTES)
    assert together([first]).censored.tolist() == [1, 1]
    second = summed(served(1500, 3, ["a"], "t"), day=SECOND, before=LAST_MINUTES)
    assert together([second, first]).censored.tolist() == [0, 0]
    assert together([second, first]).rows["answers"].sum() == 3


def test_what_a_later_day_judges_of_another_day_is_censored_all_the_same():
    first = summed(*LAST_MINUTES)
    without_eve = summed(served(1500, 3, ["a"], "t"), day=SECOND)
    assert together([first, without_eve]).censored.sum() == 2
    third = summed(served(2900, 3, ["a"], "t"), day=THIRD, before=[watch(1500, 3, "a")])
    assert together([first, third]).censored.sum() == 2


def test_a_day_that_is_there_twice_is_refused():
    one = summed(served(1, 1, ["a"], "r"))
    with pytest.raises(ValueError, match="a day stands twice"):
        together([one, one])
