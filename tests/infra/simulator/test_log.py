"""The simulated log: the grammar of its contract, its mix, its oddities, its corruption."""

import numpy as np
import pytest

from infra.simulator.corruption import SHARE
from infra.simulator.produce import TAIL_SECONDS, log
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.lines.events import BadLine, Rating, Request, Watch, format_event, parse
from movierec.times import DAY_SECONDS, NO_SECONDS
from tests.infra.simulator.conftest import DAYS, FIRST, PARTITIONS

MS = 1000


@pytest.fixture(scope="module")
def events(small_log):
    return [parse(line) for line in small_log.lines]


def share(events, kind):
    return sum(isinstance(event, kind) for event in events) / len(events)


def test_the_mix_is_that_of_real_logs(events):
    assert share(events, Watch) == pytest.approx(0.986, abs=0.003)
    assert share(events, Request) == pytest.approx(0.009, abs=0.001)
    assert share(events, Rating) == pytest.approx(0.005, abs=0.001)


def test_about_one_good_line_in_sixty_has_no_seconds(events):
    bare = [e.digits == NO_SECONDS for e in events if not isinstance(e, BadLine)]
    assert 1 / 80 < np.mean(bare) < 1 / 45


def test_times_have_every_number_of_digits(events):
    assert {e.digits for e in events if isinstance(e, Rating)} == {0, 3, 6, 9, NO_SECONDS}


def test_about_one_line_in_a_thousand_is_corrupted(small_log, events):
    assert small_log.counts["corrupted"] / len(events) == pytest.approx(SHARE, rel=0.35)
    rejected = sum(isinstance(event, BadLine) for event in events)
    assert 0 < rejected < small_log.counts["corrupted"]  # some stay well-formed


def test_every_uncorrupted_line_parses_and_comes_back_to_the_byte(monkeypatch):
    monkeypatch.setattr("infra.simulator.corruption.SHARE", 0.0)
    life = Life(make_world(6, users=60, movies=90), lines_per_day=20_000)
    for part in log(life, FIRST, 1, PARTITIONS):
        assert [format_event(parse(line)) for line in part.lines] == part.lines


def test_the_counts_are_those_of_the_lines(small_log, events):
    counts = small_log.counts
    names = ("watches", "requests", "ratings", "accounts")
    assert counts["lines"] == len(events) == sum(counts[name] for name in names)


def test_lines_are_only_slightly_out_of_order(small_log):
    behind = np.maximum.accumulate(small_log.timestamps) - small_log.timestamps
    assert 0 < behind.max() <= 6 * MS
    assert np.mean(behind > 0) < 0.5


def test_every_partition_holds_all_days_and_goes_past_the_grace(small_log):
    end = (FIRST + DAYS) * DAY_SECONDS
    for partition in range(PARTITIONS):
        times = small_log.timestamps[small_log.partitions == partition] // MS
        assert set(range(FIRST, FIRST + DAYS)) < set((times // DAY_SECONDS).tolist())
        assert times.max() >= end + TAIL_SECONDS > end + 900  # the collector's grace


def test_even_partitions_without_a_user_go_past_the_grace():
    life = Life(make_world(6, users=60, movies=90), lines_per_day=20_000)
    *_, tail = log(life, FIRST, 1, 64)
    assert sorted(tail.partitions.tolist()) == list(range(64))


def test_a_users_lines_stay_in_one_partition_and_in_order_of_sending(small_log, events):
    partition_of = {}
    pairs = zip(events, small_log.partitions.tolist(), strict=True)
    homes = [(e.user, p) for e, p in pairs if isinstance(e, Rating)]
    for user, partition in homes:
        assert partition_of.setdefault(user, partition) == partition


def test_minutes_of_a_sitting_are_a_minute_apart(events):
    last, gaps = {}, []
    for e in events:
        if isinstance(e, Watch):
            key = e.user, e.movie
            if key in last and e.minute == last[key].minute + 1:
                gaps.append(e.time - last[key].time)
            last[key] = e
    assert len(gaps) > 0.9 * len(events)
    assert np.median(gaps) == 60 * 10**9
