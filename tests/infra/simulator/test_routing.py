import pytest

from infra.simulator.routing import arm, ranking

USERS = range(20_000)


def test_the_same_user_always_gets_the_same_arm():
    weights = {"svd": 1, "svdpp": 1}
    golden = [arm(user, "spring", weights) for user in range(10)]
    assert golden == ["svdpp", "svd", "svdpp", "svd", "svdpp", "svdpp", "svd", "svd", "svd", "svd"]
    assert golden == [arm(user, "spring", {"svdpp": 1, "svd": 1}) for user in range(10)]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.01])
def test_an_arm_gets_its_share_of_users(share):
    weights = {"svd": share, "svdpp": 1 - share}
    got = sum(arm(user, "salt", weights) == "svd" for user in USERS) / len(USERS)
    assert got == pytest.approx(share, abs=4 * (share * (1 - share) / len(USERS)) ** 0.5)


def test_a_change_of_weights_moves_only_the_users_it_must():
    before = [arm(user, "s", {"a": 1, "b": 1, "c": 1}) for user in USERS]
    after = [arm(user, "s", {"a": 2, "b": 1, "c": 1}) for user in USERS]
    moved = {(old, new) for old, new in zip(before, after, strict=True) if old != new}
    assert moved == {("b", "a"), ("c", "a")}


def test_a_new_salt_deals_anew():
    weights = {"svd": 1, "svdpp": 1}
    same = sum(arm(user, "one", weights) == arm(user, "two", weights) for user in USERS)
    assert same / len(USERS) == pytest.approx(0.5, abs=0.02)


def test_an_arm_without_weight_takes_no_user():
    assert {arm(user, "s", {"svd": 1, "svdpp": 0}) for user in range(1000)} == {"svd"}


def test_the_stand_in_is_the_arm_that_would_win_without_the_first():
    weights = {"a": 3, "b": 2, "c": 1}
    for user in range(200):
        first, second, _ = ranking(user, "s", weights)
        assert second == arm(user, "s", {**weights, first: 0})


@pytest.mark.parametrize("weights", [{}, {"svd": 0}, {"svd": -1}, {"svd": float("nan")}])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        arm(1, "s", weights)
