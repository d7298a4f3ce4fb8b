"""Samples of days that are added up are what they would be of all their values."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.dataset.sample import Before, Sample

EDGES = np.array([-1.0, 0.0, 0.1, 3.0])
PAIRS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([-0.0, 0.0, 0.1, 0.3, 3, 3.5, -7, 1e30])),
    max_size=12,
)


def sample_of(pairs: list[tuple[int, float]]) -> Sample:
    unit, value = np.array(pairs, float).reshape(-1, 2).T
    return Sample.of(unit.astype(np.int64), value, EDGES)


def told(sample: Sample) -> object:
    """All of a sample, in lists."""
    in_bin = {k: held.tolist() for k, held in sample.in_bin.items()}
    values = sample.values.value.tolist(), sample.values.times.tolist()
    return sample.unit.tolist(), sample.of_unit.tolist(), list(in_bin.items()), values, sample.bins


@settings(max_examples=50)
@given(st.lists(PAIRS, max_size=4))
def test_days_are_added_up_to_the_sample_of_all_their_values(days: list[list]) -> None:
    before = Before(5, len(EDGES) + 1, sum(map(len, days)))
    for day in days:
        before.add(sample_of(day))
    whole = sample_of([pair for day in days for pair in day])
    assert told(before.joined()) == told(whole)
    assert (before.days, len(before)) == (len(days), len(whole))
    of_days = [sample_of(day).counts.tolist() for day in days if day]
    assert [counts.tolist() for counts in before.of_days] == of_days


@settings(max_examples=50)
@given(PAIRS)
def test_counts_are_of_the_values(pairs: list[tuple[int, float]]) -> None:
    sample, values = sample_of(pairs), [value for _, value in pairs]
    at = np.searchsorted(EDGES, values, side="right")
    assert sample.counts.tolist() == np.bincount(at, minlength=5).tolist()
    assert len(sample) == len(pairs)
    if pairs:
        points = np.array([*values, -9.0, 9.0])
        by_hand = [np.mean(np.array(values) <= point) for point in points]
        assert sample.values.share_up_to(points).tolist() == by_hand


def test_numbers_are_as_wide_as_the_most_values_that_a_unit_may_have() -> None:
    for most in (200, 300, 70_000):
        before = Before(1, 2, most)
        for _ in range(2):
            half = np.zeros(most // 2, np.int64)
            before.add(Sample.of(half, half, np.array([1.0])))
        assert before.joined().of_unit.tolist() == before.joined().in_bin[0].tolist() == [most]
