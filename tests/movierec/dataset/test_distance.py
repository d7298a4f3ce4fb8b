"""PSI and KS by hand and by SciPy, and limits that chance passes as seldom as they say."""

from math import log
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from movierec.dataset.distance import (
    EXPECTED,
    SMOOTHING,
    between,
    compare,
    design_effect,
    joined_bins,
    ks_limit,
    psi,
    psi_limit,
)
from movierec.dataset.sample import Before, Sample

EDGES = np.arange(1.5, 5.5)  # of the ratings 1 to 5
LIKED = np.array([0.05, 0.1, 0.3, 0.35, 0.2])
COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


def ratings(values, users=None) -> Sample:
    values = np.asarray(values, float)
    return Sample.of(np.arange(len(values)) if users is None else users, values, EDGES)


class Found(NamedTuple):
    psi: float
    ks: float
    psi_limit: float
    ks_limit: float


def compared(
    new: Sample, old: list[Sample], psi_tolerated: float, ks_tolerated: float, chance: float
) -> Found | None:
    before = Before(4000, len(EDGES) + 1, 4000)
    for sample in old:
        before.add(sample)
    apart = compare(new, before)
    if apart is None:
        return None
    return Found(apart.psi, apart.ks, *apart.limits(psi_tolerated, ks_tolerated, chance))


def drawn(random: np.random.Generator, count: int, p=LIKED) -> Sample:
    return ratings(random.choice(5, count, p=p) + 1)


@settings(max_examples=50)
@given(COUNTS)
def test_psi_is_the_sum_of_the_textbook(rows: list[tuple[int, int]]) -> None:
    p, q = np.array(rows).T
    a, b = ([(x + SMOOTHING) / (sum(row) + SMOOTHING * len(row)) for x in row] for row in (p, q))
    expected = sum((x - y) * log(x / y) for x, y in zip(a, b, strict=True))
    assert psi(p, q) == pytest.approx(expected, abs=1e-9)
    assert psi(p, q) == pytest.approx(psi(q, p), abs=1e-12)
    assert psi(p, q) >= -1e-12


def test_psi_of_a_bin_that_one_side_lacks_is_a_number() -> None:
    # (99.5 − .5)/101 · ln(99.5/.5) for the first bin of 100, and the same of the second.
    assert psi(np.array([100, 0]), np.array([0, 100])) == pytest.approx(2 * 99 / 100 * 5.2933, 0.02)


VALUES = st.lists(st.integers(1, 5), min_size=1, max_size=40)


@settings(max_examples=50)
@given(VALUES, VALUES)
def test_ks_is_the_largest_distance_of_the_distribution_functions(
    new: list[int], old: list[int]
) -> None:
    found = compared(ratings(new), [ratings(old)], 0.05, 0.1, 1e-4)
    assert found is not None
    by_hand = max(abs(np.mean(np.array(new) <= x) - np.mean(np.array(old) <= x)) for x in range(6))
    assert found.ks == pytest.approx(by_hand)


def test_ks_is_scipys() -> None:
    random = np.random.default_rng(7)
    new, old = random.normal(0.2, 1, 300).round(1), random.normal(0, 1, 700).round(1)
    found = compared(ratings(new), [ratings(old)], 0.05, 0.1, 1e-4)
    assert found is not None and found.ks == pytest.approx(ks_2samp(new, old).statistic)


def test_psi_without_a_change_is_what_it_is_expected_to_be_and_seldom_past_its_limit() -> None:
    random, n, m = np.random.default_rng(1), 300, 3000
    found = [psi(random.multinomial(n, LIKED), random.multinomial(m, LIKED)) for _ in range(3000)]
    assert np.mean(found) == pytest.approx(4 * (1 / n + 1 / m), rel=0.1)
    for chance in (0.1, 0.01):
        past = np.mean(np.array(found) > psi_limit(0.0, 5, n, m, chance))
        assert chance / 2 < past < 2 * chance


def test_ks_without_a_change_is_seldom_past_its_limit() -> None:
    random = np.random.default_rng(2)
    pairs = [(random.random(200), random.random(800)) for _ in range(300)]
    found = [ks_2samp(*pair, method="asymp").statistic for pair in pairs]
    assert 0.02 < np.mean(np.array(found) > ks_limit(0.0, 200, 800, 0.05)) < 0.08


def test_limits_are_what_is_tolerated_of_samples_without_end_and_more_of_smaller_ones() -> None:
    assert psi_limit(0.05, 5, 1e9, 1e9, 1e-4) == pytest.approx(0.05, abs=1e-6)
    assert ks_limit(0.1, 1e9, 1e9, 1e-4) == pytest.approx(0.1, abs=1e-6)
    assert psi_limit(0.05, 1, 10, 10, 1e-4) == 0.05  # one bin cannot differ
    sizes = (10, 100, 1000, 10_000)
    for limit in (
        lambda n: psi_limit(0.05, 5, n, 1e4, 1e-4),
        lambda n: ks_limit(0.1, n, 1e4, 0.01),
    ):
        assert sorted(map(limit, sizes), reverse=True) == [limit(n) for n in sizes]
    assert ks_limit(0.1, 1, 1, 1e-4) == 1.0


def test_users_are_the_unit() -> None:
    """Forty users who each rate ten movies alike tell as much as forty ratings."""
    random = np.random.default_rng(3)
    alone = drawn(random, 400)
    assert design_effect(alone) == pytest.approx(1, abs=0.01)
    alike = ratings(np.repeat(random.choice(5, 40, p=LIKED) + 1, 10), np.repeat(np.arange(40), 10))
    assert design_effect(alike) == pytest.approx(10, rel=0.05)
    assert design_effect(ratings([1, 2, 3, 4, 5, 5], np.zeros(6, int))) == 6
    assert design_effect(ratings([3, 3, 3, 3], np.array([1, 1, 2, 2]))) == 2


def test_users_who_come_back_are_one_unit_of_the_days_before() -> None:
    random = np.random.default_rng(9)
    liked = random.choice(5, 40, p=LIKED) + 1
    same = [ratings(liked, np.arange(40)) for _ in range(10)]
    others = [ratings(liked, np.arange(40) + 40 * day) for day in range(10)]
    new = drawn(random, 400)
    back, strangers = (compared(new, old, 0.05, 0.1, 1e-4) for old in (same, others))
    assert back is not None and strangers is not None
    assert (back.psi, back.ks) == (strangers.psi, strangers.ks)
    assert back.psi_limit > 2 * strangers.psi_limit and back.ks_limit > 1.4 * strangers.ks_limit


def test_users_with_tastes_of_their_own_do_not_alarm() -> None:
    """With ratings as the unit every tenth of these days would."""
    random = np.random.default_rng(4)
    tastes = random.dirichlet(2 * LIKED, 4000)

    def day() -> Sample:
        users = random.choice(4000, 30, replace=False)
        values = [random.choice(5, 8, p=tastes[user]) + 1 for user in users]
        return ratings(np.concatenate(values), np.repeat(users, 8))

    days = [day() for _ in range(60)]
    old = [day() for _ in range(10)]
    found = [compared(new, old, 0.0, 0.0, 0.001) for new in days]
    assert sum(d is None or d.psi > d.psi_limit or d.ks > d.ks_limit for d in found) <= 1
    naive = [psi_limit(0.0, 5, len(new), 10 * 240, 0.001) for new in days]
    assert sum(d.psi > limit for d, limit in zip(found, naive, strict=True) if d) >= 6


def test_days_that_differ_among_one_another_allow_for_more_and_one_odd_day_does_not() -> None:
    random = np.random.default_rng(5)
    alike = [random.multinomial(500, LIKED) for _ in range(20)]
    assert between(alike) < 1.6
    differing = [random.multinomial(500, random.dirichlet(60 * LIKED)) for _ in range(20)]
    assert between(differing) > 4
    odd = [*alike[:-1], np.array([500, 0, 0, 0, 0])]
    assert between(odd) < 2.5
    assert between(alike[:2]) == between([np.array([0, 7, 0])] * 5) == 1


def test_a_day_is_compared_with_the_days_before_by_what_they_differ() -> None:
    random = np.random.default_rng(6)
    differing = [drawn(random, 500, random.dirichlet(60 * LIKED)) for _ in range(20)]
    alike = [drawn(random, 500) for _ in range(20)]
    new = drawn(random, 500)
    wide, narrow = (compared(new, old, 0.05, 0.1, 1e-4) for old in (differing, alike))
    assert wide is not None and narrow is not None
    assert wide.psi_limit > 2 * narrow.psi_limit and wide.ks_limit > narrow.ks_limit


def test_neighbours_are_joined_where_there_is_too_little_to_tell_by() -> None:
    counts = np.array([1, 1, 100, 0, 0, 60])
    assert joined_bins(counts, counts, 162.0).tolist() == [0, 3]
    assert joined_bins(counts, counts, 1.0).tolist() == [0]
    rest = np.array([100, 1])
    assert joined_bins(rest, rest, 101.0).tolist() == [0]
    # A bin that the day alone fills stays, however few its values are beside the days before.
    assert joined_bins(np.array([0, 20]), np.array([5000, 0]), 20.0).tolist() == [0, 1]
    assert EXPECTED == 5


def test_where_one_side_has_nothing_there_is_nothing_to_compared() -> None:
    some, none = ratings([1, 2]), ratings([])
    assert compared(none, [some], 0.05, 0.1, 1e-4) is None
    assert compared(some, [none, none], 0.05, 0.1, 1e-4) is None
    assert compared(some, [], 0.05, 0.1, 1e-4) is None
    assert compared(some, [none, some], 0.05, 0.1, 1e-4) is not None
