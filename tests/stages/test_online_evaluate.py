"""The program on a store that has both topics: what it counts, reads and refuses."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import online_evaluate
from movierec.errors import BadInput
from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from movierec.params import load_section
from movierec.routing import Routing, arm
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from movierec.times import MILLISECOND, day_number, day_start

BEFORE, DAY, NEXT = "2026-01-04", "2026-01-05", "2026-01-06"
NOW = day_start(day_number("2026-01-07"))
PARAMS = Path(__file__).parents[2] / "params.yaml"


def answer(time, request_id, user, *ids):
    line = {"time": time, "request_id": request_id, "user": user, "model": "svd@v1", "arm": "svd"}
    return json.dumps({**line, "tier": "model", "ids": list(ids)})


SERVED = [
    answer(f"{DAY}T10:00", "a", 1, "jaws+1975", "alien+1979"),
    answer(f"{DAY}T10:00", "a", 1, "jaws+1975", "alien+1979"),  # sent twice by the producer
    answer(f"{DAY}T11:00", "b", 2, "jaws+1975"),
    answer(f"{NEXT}T01:00", "c", 3, "alien+1979"),
]
EVENTS = [
    f"{DAY}T10:05,1,GET /data/m/alien+1979/0.mpg",
    f"{DAY}T10:06,2,GET /data/m/alien+1979/0.mpg",
    f"{DAY}T11:00,2,recommendation request h:80, status 200, result: jaws+1975, 9 ms",
    f"{NEXT}T01:01,3,GET /data/m/alien+1979/0.mpg",
]


def put(root, topic, lines, parse):
    """One segment of `lines`, and a closing of every day that is over."""
    values = pa.array([line.encode() for line in lines], pa.large_binary())
    batch = LineBatch(np.arange(len(lines)), np.full(len(lines), -1), values)
    claim_partition(root, topic, 0).write(len(lines), parse(batch, NOW // MILLISECOND))
    closed = Closer(root, topic, evidence=1).close_due_days({0: len(lines)}, 60, NOW)
    assert closed[-1]["day"] == DAY


@pytest.fixture
def root(tmp_path):
    put(tmp_path / "data", "movielog", EVENTS, parse_batch)
    put(tmp_path / "data", "served", SERVED, parse_served)
    return tmp_path


def evaluate(root, *more):
    output = root / "metrics/online/report.json"
    arguments = ["--store", str(root / "data"), "--params", str(PARAMS), "--output", str(output)]
    assert online_evaluate.main([*arguments, *more]) == 0
    return json.loads(output.read_text())


def test_it_judges_the_answers_of_the_closed_days(root):
    report = evaluate(root)
    model = report["models"]["svd@v1"]
    assert (report["days"], report["duplicates"]) == ([DAY], 1)
    routing = load_section(PARAMS, "routing", Routing)
    dealt = [arm(user, routing.salt, routing.weights) for user in (1, 2)]
    assert report["elsewhere"] == 2 - dealt.count("svd")
    assert (model["answers"], model["conversions"]) == (2, 1)
    assert report["requests"] == {"lines": 1, "failed": 0, "late": 0, "unattributed": 0}


def test_open_rows_count_when_asked_for(root):
    model = evaluate(root, "--open")["models"]["svd@v1"]
    assert (model["answers"], model["conversions"]) == (3, 2)


def test_a_day_that_is_not_closed_is_refused_by_name(root):
    with pytest.raises(BadInput, match=f"{NEXT} not closed; closed are {DAY}"):
        evaluate(root, "--days", NEXT)
    assert not (root / "metrics").exists()


def test_a_store_without_a_day_of_both_topics_says_what_to_do(root):
    with pytest.raises(BadInput, match="no day is closed in both movielog and other"):
        evaluate(root, "--served-topic", "other")


def test_a_movie_that_was_going_on_at_midnight_was_not_started_by_an_answer(tmp_path):
    """The day before is none of those judged, and read all the same."""
    events = [
        f"{BEFORE}T23:58,1,GET /data/m/alien+1979/40.mpg",
        f"{BEFORE}T23:58,1,recommendation request h:80, status 200, result: jaws+1975, 9 ms",
        f"{DAY}T00:03,1,GET /data/m/alien+1979/45.mpg",
        f"{DAY}T00:03,2,GET /data/m/alien+1979/0.mpg",
        f"{NEXT}T01:01,3,GET /create_account",
    ]
    answers = [
        answer(f"{DAY}T00:02", name, user, "alien+1979") for name, user in [("a", 1), ("b", 2)]
    ]
    answers.append(answer(f"{NEXT}T01:00", "c", 3, "alien+1979"))
    put(tmp_path / "data", "movielog", events, parse_batch)
    put(tmp_path / "data", "served", answers, parse_served)
    report = evaluate(tmp_path)
    model = report["models"]["svd@v1"]
    assert (report["days"], report["days_before"]) == ([DAY], [BEFORE])
    assert (model["answers"], model["conversions"]) == (2, 1)
    assert report["requests"]["lines"] == 0, "of the days alone that are judged"


def test_open_rows_follow_the_newest_closed_day(tmp_path):
    """An open answer to somebody who began the movie on the last closed day."""
    events = [
        f"{DAY}T23:58,1,GET /data/m/alien+1979/40.mpg",
        f"{NEXT}T01:02,1,GET /data/m/alien+1979/45.mpg",
    ]
    put(tmp_path / "data", "movielog", events, parse_batch)
    served = [answer(f"{NEXT}T01:00", "a", 1, "alien+1979")]
    values = pa.array([line.encode() for line in served], pa.large_binary())
    batch = LineBatch(np.arange(1), np.full(1, -1), values)
    claim_partition(tmp_path / "data", "served", 0).write(
        1, parse_served(batch, NOW // MILLISECOND)
    )
    report = evaluate(tmp_path, "--open")
    assert (report["days"], report["days_before"]) == ([], [DAY])
    model = report["models"]["svd@v1"]
    assert (model["answers"], model["conversions"]) == (1, 0)
