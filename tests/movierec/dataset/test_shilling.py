"""Accounts that act together weigh less, people who merely like a movie do not, and all is said."""

from dataclasses import replace

import numpy as np
import pytest

from infra.simulator.attacks import KINDS, SIDES, Attack, plant
from infra.simulator.attacks import Ratings as Log
from movierec.dataset import bursts, sums
from movierec.dataset.shilling import Shilling, find, report, weigh
from movierec.dataset.targets import Finding, Ratings
from movierec.errors import BadParams
from movierec.times import SECOND

USERS, MOVIES, SCALE = 1_500, 250, (1.0, 5.0)
PARAMS = Shilling(0.02, 5, 6.0, {})


def honest(seed: int = 0) -> Log:
    """Users with a taste of their own who rate what is popular, over ten days."""
    random = np.random.default_rng(seed)
    popularity = 1 / (np.arange(MOVIES) + 15)
    keys = random.exponential(size=(USERS, MOVIES)) / popularity
    sizes = np.minimum(3 + random.geometric(0.12, USERS), 60)
    u = np.repeat(np.arange(USERS), sizes)
    i = np.concatenate([np.argsort(row)[:n] for row, n in zip(keys, sizes, strict=True)])
    liking = 3.4 + 0.4 * random.normal(size=USERS)[u] + 0.5 * random.normal(size=MOVIES)[i]
    rating = np.clip(np.round(liking + 0.8 * random.normal(size=len(u))), *SCALE)
    return Log(u + 1, i, rating, random.integers(0, 10 * 86_400, len(u)))


HONEST = honest()


def rows(log: Log, watched: np.ndarray) -> tuple[Ratings, np.ndarray]:
    users, u = np.unique(log.user, return_inverse=True)
    return Ratings(u, log.movie, log.rating, log.time * SECOND, watched), users


def attacked(attack: Attack) -> tuple[Ratings, np.ndarray, np.ndarray, int]:
    """(ratings, ids of users, whether each is an attacker, the target)."""
    planted = plant(HONEST, MOVIES, SCALE, attack)
    both = zip(vars(HONEST).values(), vars(planted.ratings).values(), strict=True)
    log = Log(*(np.concatenate(pair) for pair in both))
    watched = np.isin(log.user, planted.users, invert=True) | attack.watches
    ratings, users = rows(log, watched)
    return ratings, users, np.isin(users, planted.users), planted.target


CUNNING = {"random": 0.7, "average": 0.65, "bandwagon": 0.0, "burst": 1.0}
"""The share of accounts that are found though they watch what they rate, and nuke: here honest
users, too, dislike the target, and beside movies that are disliked a bandwagon is nothing odd."""


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("watches", [False, True], ids=["plain", "cunning"])
def test_an_attack_is_found_and_honest_users_are_left_alone(
    kind: str, side: str, watches: bool
) -> None:
    least = CUNNING[kind] if watches and side == "nuke" else 0.98
    ratings, users, bad, target = attacked(Attack(kind, side, 0.05, 12, watches, seed=2))
    findings = find(ratings, (len(users), MOVIES), SCALE, PARAMS)
    low = weigh(findings, users, PARAMS) < 1
    assert ((target, side) in {(f.movie, f.side) for f in findings}) == (least > 0)
    assert low[bad].mean() >= least
    assert low[~bad].mean() <= 0.01


def test_a_bandwagons_fillers_and_who_gave_them_an_end_are_not_suspected_beside_the_target() -> (
    None
):
    """The company of each filler is explained by that of the target."""
    ratings, users, bad, target = attacked(Attack("bandwagon", "nuke", 0.15, 12, seed=4))
    findings = find(ratings, (len(users), MOVIES), SCALE, PARAMS)
    assert {(f.movie, f.side) for f in findings} == {(target, "nuke")}
    assert (weigh(findings, users, PARAMS) < 1)[~bad].mean() <= 0.001


def test_the_same_ratings_in_another_order_have_the_same_suspects() -> None:
    ratings, users, _, _ = attacked(Attack("bandwagon", "nuke", 0.05, 12, seed=2))

    def told(order: np.ndarray) -> list:
        shuffled = Ratings(*(column[order] for column in ratings))
        found = find(shuffled, (len(users), MOVIES), SCALE, PARAMS)
        return [(f.movie, f.side, f.sign, round(f.z, 9), sorted(f.users.tolist())) for f in found]

    in_order = told(np.arange(len(ratings.u)))
    assert in_order
    for seed in range(3):
        assert told(np.random.default_rng(seed).permutation(len(ratings.u))) == in_order


@pytest.mark.parametrize("kind", KINDS)
def test_findings_are_the_same_to_the_bit_in_however_many_parts(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ratings, users, _, _ = attacked(Attack(kind, "push", 0.05, 12, seed=2))
    eager = replace(PARAMS, surprise=2.0)

    def told() -> list:
        found = find(ratings, (len(users), MOVIES), SCALE, eager)
        return [(*finding[:-1], finding.users.tolist()) for finding in found]

    whole = told()
    monkeypatch.setattr(sums, "PART", 1_000)
    monkeypatch.setattr(bursts, "MOST", 3_000)
    assert told() == whole != []


@pytest.mark.parametrize("seed", range(3))
def test_without_an_attack_nobody_is_suspected(seed: int) -> None:
    log = honest(seed)
    ratings, users = rows(log, np.random.default_rng(seed).random(len(log)) < 0.97)
    assert find(ratings, (len(users), MOVIES), SCALE, PARAMS) == []


def test_a_movie_that_many_come_to_love_in_a_day_is_no_burst() -> None:
    """A premiere: a hundred best ratings spread over a day and the two after it."""
    random = np.random.default_rng(1)
    fans = random.choice(USERS, 160, replace=False)
    time = (5 * 86_400 + 86_400 * random.random(160) ** 2 * 3).astype(np.int64)
    new = Log(fans + 1, np.full(160, MOVIES), np.where(random.random(160) < 0.6, 5.0, 4.0), time)
    both = zip(vars(HONEST).values(), vars(new).values(), strict=True)
    log = Log(*(np.concatenate(pair) for pair in both))
    ratings, users = rows(log, np.ones(len(log), bool))
    assert find(ratings, (len(users), MOVIES + 1), SCALE, PARAMS) == []
    at_once = ratings._replace(
        time=np.where(ratings.i == MOVIES, 5 * 86_400 * SECOND, ratings.time)
    )
    (found,) = find(at_once, (len(users), MOVIES + 1), SCALE, PARAMS)
    assert (found.movie, found.side, found.sign) == (MOVIES, "push", "burst")


def test_a_weight_of_one_looks_for_nobody() -> None:
    ratings, users, _, _ = attacked(Attack("random", "push", 0.05, 12, seed=2))
    assert find(ratings, (len(users), MOVIES), SCALE, replace(PARAMS, weight=1.0)) == []


def test_nobody_and_a_single_user_are_no_trouble() -> None:
    none = np.zeros(0, np.int64)
    empty = Ratings(none, none, none, none, none.astype(bool))
    assert find(empty, (0, 0), SCALE, PARAMS) == []
    for rating in (5.0, 3.0):
        one = np.zeros(1, np.int64)
        alone = Ratings(one, one, np.array([rating]), one, np.ones(1, bool))
        assert find(alone, (1, 1), SCALE, PARAMS) == []


def test_a_hand_outweighs_what_was_found() -> None:
    finding = Finding(0, "push", "rare", 9.0, 0.5, np.array([1, 2]))
    users = np.array([10, 20, 30, 40])
    assert weigh([finding], users, PARAMS).tolist() == pytest.approx([1, 0.02, 0.02, 1])
    by_hand = replace(PARAMS, by_hand={"20": 1.0, "40": 0.5, "99": 0.5})
    assert weigh([finding], users, by_hand).tolist() == pytest.approx([1, 1, 0.02, 0.5])


def test_who_is_named_by_hand_and_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    weigh([], np.array([20]), replace(PARAMS, by_hand={"20": 0.5, "99": 1}))
    assert capsys.readouterr() == (
        "",
        "shilling: by_hand: 99: not among the users of the dataset\n",
    )


@pytest.mark.parametrize("user", ["bob", "07", "٧", ""])
def test_what_is_no_id_as_the_log_writes_it_is_refused(user: str) -> None:
    with pytest.raises(BadParams, match=f"shilling: by_hand: {user}: expected ids of users"):
        replace(PARAMS, by_hand={"7": 1.0, user: 1.0})


def test_the_report_names_movies_and_each_suspect_once_but_not_who_was_cleared() -> None:
    findings = [
        Finding(1, "nuke", "burst", 12.34, 1.0, np.array([3, 2])),
        Finding(0, "push", "rare", 9.0, 0.512, np.array([1])),
    ]
    users, movies = np.array([10, 20, 30, 40]), np.array([b"alien", b"jaws"])
    weights = weigh(findings, users, replace(PARAMS, by_hand={"30": 1.0, "40": 0.5}))
    assert report(findings, weights, users, movies) == {
        "weighed_down": 2,
        "findings": [
            {"movie": "jaws", "side": "nuke", "sign": "burst", "accounts": 2, "by_chance": 1.0,
             "z": 12.34},
            {"movie": "alien", "side": "push", "sign": "rare", "accounts": 1, "by_chance": 0.51,
             "z": 9.0},
        ],
        "suspects": [
            {"user": 40, "weight": 0.5, "because": "nuke jaws by burst, z 12.3"},
            {"user": 20, "weight": 0.02, "because": "push alien by rare, z 9.0"},
        ],
    }  # fmt: skip


def test_findings_come_by_what_is_left_of_them_and_no_user_is_in_two() -> None:
    """Two bandwagons: what the first explains of the second is gone from its strength, by which it
    stands."""
    log = HONEST
    for seed in (2, 7):
        planted = plant(log, MOVIES, SCALE, Attack("bandwagon", "push", 0.05, 12, seed=seed))
        both = zip(vars(log).values(), vars(planted.ratings).values(), strict=True)
        log = Log(*(np.concatenate(pair) for pair in both))
    ratings, users = rows(log, np.isin(log.user, HONEST.user))
    findings = find(ratings, (len(users), MOVIES), SCALE, PARAMS)
    assert len(findings) > 2
    assert [f.z for f in findings] == sorted((f.z for f in findings), reverse=True)
    named = np.concatenate([f.users for f in findings])
    assert len(np.unique(named)) == len(named)
