"""Random numbers that are the same everywhere, and shaped as they should be."""

import numpy as np
import pytest

from infra.simulator.exact import bell, partition_of, race, stream


def test_a_stream_is_its_keys_alone():
    assert stream(1, 2).random() == stream(1, 2).random() != stream(1, 3).random()


def test_the_bits_of_a_deviate():
    assert bell(stream(7), 2).tolist() == [0.011260263894283362, 0.5479131863556939]


def test_deviates_are_bell_shaped():
    deviates = bell(stream(5), 100_000)
    assert deviates.mean() == pytest.approx(0, abs=0.02)
    assert deviates.std() == pytest.approx(1, abs=0.02)
    assert np.abs(deviates).max() <= 6


def test_a_race_of_many_is_won_in_proportion_to_the_weights():
    weights = np.broadcast_to(np.repeat([1.0, 3.0], 50), (4000, 100))
    first = np.argmin(race(stream(5), weights), axis=1)
    assert np.mean(first >= 50) == pytest.approx(0.75, abs=0.03)


def test_users_are_spread_over_partitions_for_ever():
    users = np.arange(10_000)
    at = partition_of(users, 4)
    assert np.bincount(at) == pytest.approx([2500] * 4, abs=200)
    assert partition_of(users[::-1], 4).tolist() == at[::-1].tolist()
