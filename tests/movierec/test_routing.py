"""Users are dealt by weight, always alike, and move only when they must."""

from math import inf, nan, sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.errors import BadParams
from movierec.fields import checked
from movierec.params import load_section
from movierec.routing import Routing, arm, ranking

USERS = range(20_000)
FEW = range(300)
NAMES = st.sampled_from(["svd", "svdpp", "c", "d-2", "e"])
WEIGHT = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))
WEIGHTS = st.dictionaries(NAMES, WEIGHT, min_size=1).filter(lambda w: any(w.values()))
SALTS = st.text("abc.-019", min_size=1, max_size=5)


def test_the_same_user_always_gets_the_same_arm() -> None:
    weights = {"svd": 1, "svdpp": 1}
    dealt = [arm(user, "spring", weights) for user in range(10)]
    golden = ["svd", "svdpp", "svdpp", "svd", "svdpp", "svdpp", "svdpp", "svdpp", "svd", "svd"]
    assert dealt == golden


@pytest.mark.parametrize("share", [0.5, 0.9, 0.01])
def test_an_arm_gets_its_share_of_users(share: float) -> None:
    weights = {"svd": share, "svdpp": 1 - share}
    got = sum(arm(user, "salt", weights) == "svd" for user in USERS) / len(USERS)
    assert got == pytest.approx(share, abs=4 * sqrt(share * (1 - share) / len(USERS)))


@given(salt=SALTS, weights=WEIGHTS)
def test_every_arm_has_its_share_within_what_chance_allows(
    salt: str, weights: dict[str, float]
) -> None:
    """Five standard deviations of the binomial, and one user."""
    dealt = [arm(user, salt, weights) for user in range(2000)]
    for name, weight in weights.items():
        share = weight / sum(weights.values())
        expected, spread = share * len(dealt), sqrt(share * (1 - share) * len(dealt))
        assert abs(dealt.count(name) - expected) <= 5 * spread + 1
        assert weight or name not in dealt


@given(salt=SALTS, weights=WEIGHTS, name=NAMES, factor=st.floats(0, 10))
def test_a_change_of_one_weight_moves_only_the_users_it_must(
    salt: str, weights: dict[str, float], name: str, factor: float
) -> None:
    changed = {**weights, name: weights.get(name, 1.0) * factor}
    if not any(changed.values()):
        return
    grows = changed[name] > weights.get(name, 0.0)
    for user in FEW:
        old, new = arm(user, salt, weights), arm(user, salt, changed)
        assert old == new or (new if grows else old) == name


@given(salt=SALTS, weights=WEIGHTS, order=st.randoms(use_true_random=False))
def test_the_order_of_arms_and_their_scale_mean_nothing(
    salt: str, weights: dict[str, float], order: Any
) -> None:
    names = list(weights)
    order.shuffle(names)
    for user in FEW:
        assert ranking(user, salt, weights) == ranking(user, salt, {n: weights[n] for n in names})
    doubled = {name: 2 * weight for name, weight in weights.items()}
    assert [arm(u, salt, doubled) for u in FEW] == [arm(u, salt, weights) for u in FEW]


def test_a_new_salt_deals_anew() -> None:
    weights = {"svd": 1, "svdpp": 1}
    same = sum(arm(user, "one", weights) == arm(user, "two", weights) for user in USERS)
    assert same / len(USERS) == pytest.approx(0.5, abs=0.02)


@given(salt=SALTS, weights=WEIGHTS)
def test_the_stand_in_is_the_arm_that_would_win_without_the_first(
    salt: str, weights: dict[str, float]
) -> None:
    for user in FEW:
        first, *others = ranking(user, salt, weights)
        assert {first, *others} == set(weights)
        without = {name: weight for name, weight in weights.items() if name != first}
        assert others == (ranking(user, salt, without) if without else [])


def test_an_arm_without_weight_stands_behind_all_others() -> None:
    for user in FEW:
        assert ranking(user, "s", {"a": 0, "b": 1e-6, "c": 1e6})[-1] == "a"


def test_a_user_is_the_text_that_it_is_written_as() -> None:
    weights = {"svd": 1, "svdpp": 1}
    assert [arm(user, "s", weights) for user in FEW] == [arm(str(u), "s", weights) for u in FEW]


# The section of params.yaml


def test_the_section_is_read(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text('routing: {salt: "1", weights: {svd: 50, svdpp: 0.5}}')
    assert load_section(path, "routing", Routing) == Routing("1", {"svd": 50.0, "svdpp": 0.5})


@pytest.mark.parametrize(
    ("salt", "weights", "message"),
    [
        (1, {"svd": 1}, "routing: salt must be str, got 1"),
        ("", {"svd": 1}, "routing: salt must be 1 to 64 of A-Z a-z 0-9 . -, got ''"),
        ("a:b", {"svd": 1}, "routing: salt must be 1 to 64 of A-Z a-z 0-9 . -, got 'a:b'"),
        ("1\n", {"svd": 1}, r"routing: salt must be 1 to 64 of A-Z a-z 0-9 . -, got '1\n'"),
        ("1", [50, 50], "routing: weights must be a mapping of names, got [50, 50]"),
        ("1", {7: 1}, "routing: weights must be a mapping of names, got {7: 1}"),
        ("1", {}, "routing: weights: one must be above 0, got {}"),
        ("1", {"svd": 0}, "routing: weights: one must be above 0, got {'svd': 0.0}"),
        (
            "1",
            {"svd": 1, "svdpp": -1},
            "routing: weights: svdpp must be at least 0 and at most 1000000000.0, got -1.0",
        ),
        ("1", {"svd": nan}, "routing: weights: svd must be finite, got nan"),
        ("1", {"svd": inf}, "routing: weights: svd must be finite, got inf"),
        ("1", {"svd": "1"}, "routing: weights: svd must be float, got '1'"),
        (
            "1",
            {"SVD_": 1},
            "routing: weights: an arm is called by 1 to 32 of a-z 0-9 -, a letter first; "
            "got 'SVD_'",
        ),
    ],
)
def test_a_bad_value_is_named(salt: Any, weights: Any, message: str) -> None:
    with pytest.raises(BadParams) as refused:
        checked(Routing, {"salt": salt, "weights": weights}, "routing")
    assert str(refused.value) == message
