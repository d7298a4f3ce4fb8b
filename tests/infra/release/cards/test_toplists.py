"""Lists of the same users by two models: who is chosen, and what is said of an unknown one."""

import numpy as np
import pytest

from infra.release.cards.toplists import Lists, chosen, compare
from movierec.models.kernels import svd
from movierec.models.modelfile import load_model
from movierec.models.saving import save_model
from serve.service.recommender import Recommender
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params


def saved(folder, users: int):
    train = random_ratings(users, 60, 0.3)
    save_model(folder, svd.fit(train, svd_params(), scale=SCALE), dataset_of(train), {})
    return load_model(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Of 80 users and of the first 40 of them."""
    folder = tmp_path_factory.mktemp("models")
    return saved(folder / "now", 80), saved(folder / "before", 40)


def test_the_users_are_chosen_by_their_ids_alone() -> None:
    everybody = np.arange(1000, dtype=np.int64)
    picked = chosen(everybody, 50)
    assert picked == sorted(picked)
    assert len(set(picked)) == 50
    assert chosen(everybody[::-1], 50) == picked
    without = np.setdiff1d(everybody, picked[:1])
    assert len(set(chosen(without, 50)) - set(picked)) == 1, "one left, so one comes"
    assert picked != list(range(50))


def test_both_lists_are_those_that_the_service_gives(models) -> None:
    now, before = models
    found = compare(now, before)
    assert len(found) == 50
    for one in found:
        assert one.now == Recommender(now).answer(one.user).ids
        assert one.before == Recommender(before).answer(one.user).ids
    unknown = [one for one in found if one.user not in before.users]
    assert unknown
    assert {one.tiers for one in unknown} == {("model", "popular")}
    assert {one.tiers for one in found if one.user in before.users} == {("model", "model")}


def test_the_same_model_changes_nothing(models) -> None:
    assert all(one.now == one.before for one in compare(models[0], models[0], users=5))


def test_a_list_says_what_came_and_went_in_its_order() -> None:
    one = Lists(7, ["d", "a", "c"], ["a", "b", "e"], ("model", "model"))
    assert (one.came, one.went, one.kept) == (["d", "c"], ["b", "e"], 1)
