"""The served log of the simulated past: it is what its users were answered, and its arms differ."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from infra.simulator.answers import LOST
from infra.simulator.produce import log
from infra.simulator.served import CLOSERS
from infra.simulator.sessions import Life
from infra.simulator.world import MAX_USER_ID, make_world
from movierec.lines.events import REQUEST, Request, parse
from movierec.lines.served import Served, parse_served
from movierec.routing import Routing, arm
from movierec.times import DAY, SECOND, day_number
from tests.infra.simulator.conftest import DAYS, FIRST, Log


@pytest.fixture(scope="module")
def answers(small_log: Log) -> list[Served]:
    """All of it but the closing lines."""
    parsed = [parse_served(line) for line in small_log.served.lines]
    assert all(isinstance(answer, Served) for answer in parsed)
    whole = [answer for answer in parsed if isinstance(answer, Served)]
    assert [answer.user for answer in whole] == small_log.served.users
    return [answer for answer in whole if answer.user <= MAX_USER_ID]


def lists_got(small_log: Log) -> Iterator[tuple[int, str, int]]:
    """User, ids and time of each list that the event log tells of."""
    for line in small_log.lines:
        event = parse(line)
        found = re.fullmatch(REQUEST, event.text) if isinstance(event, Request) else None
        if found and found["status"] == "200":
            yield event.user, found["result"].replace(", ", ","), event.time


def test_each_list_that_a_user_got_has_its_line_but_for_a_few(
    small_log: Log, answers: list[Served]
) -> None:
    served = Counter((a.user, ",".join(json.loads(a.text)["ids"])) for a in answers)
    got = Counter((user, ids) for user, ids, _ in lists_got(small_log))
    assert sum(got.values()) > 900
    missing, unknown = got - served, served - got
    assert 0 < sum(missing.values()) / sum(got.values()) < 4 * LOST
    assert sum(unknown.values()) <= small_log.counts["corrupted"], "their request lines are spoilt"


def test_an_answer_is_logged_when_it_was_given(small_log: Log, answers: list[Served]) -> None:
    asked = {(user, ids): time for user, ids, time in lists_got(small_log)}
    lags = []
    for answer in answers:
        time = asked.get((answer.user, ",".join(json.loads(answer.text)["ids"])))
        if time is not None:
            lags.append(time - answer.time)
    assert len(lags) > 900
    assert np.mean([0 < lag < 0.5 * SECOND for lag in lags]) > 0.99  # but for lists got twice


def test_users_are_dealt_as_routing_says(answers: list[Served]) -> None:
    for answer in answers:
        told = json.loads(answer.text)
        assert told["arm"] == arm(answer.user, "1", {"svd": 50, "svdpp": 50})
        assert told["model"] == f"{told['arm']}@v1.0.0"
        assert len(told["ratings"]) == len(told["ids"])


def test_another_routing_deals_otherwise() -> None:
    life = Life(make_world(6, 60, 90), 20_000, Routing("2", {"svd": 1, "svdpp": 0}))
    parts = list(log(life, FIRST, 1, 4))
    arms = {json.loads(line)["arm"] for part in parts for line in part.served.lines}
    assert arms == {"svd"}


def test_every_day_has_answers_and_the_next_one_shows_that_they_are_over(
    small_log: Log, answers: list[Served]
) -> None:
    days = Counter(answer.time // DAY for answer in answers)
    assert all(days[FIRST + day] > 300 for day in range(DAYS))
    closing = small_log.served.lines[-CLOSERS:]
    assert len({json.loads(line)["user"] for line in closing}) == 1, "one partition passes the day"
    assert len(set(closing)) == CLOSERS


def test_lists_that_follow_taste_lead_more_users_on_by_a_known_amount() -> None:
    """The past of the demo, a day of it: an evaluation that finds less has lost something."""
    life = Life(make_world(7, 500, 160), 200_000)
    counts: Counter[str] = sum(
        (part.counts for part in log(life, day_number("2026-11-01"), 1, 4)), Counter()
    )
    rates = {name: counts[f"led {name}"] / counts[f"lists {name}"] for name in ("svd", "svdpp")}
    assert rates == pytest.approx({"svd": 0.203, "svdpp": 0.266}, abs=0.001)
