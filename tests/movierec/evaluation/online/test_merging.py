"""The report of some days."""

import json

from movierec.evaluation.online.merging import merge
from tests.movierec.evaluation.online.rows import (
    EVEN,
    FIRST,
    PARAMS,
    SECOND,
    request,
    served,
    summed,
    watch,
)


def test_a_report_tells_of_days_models_requests_and_how_it_judged():
    ok, late = ("h:1, status 200, result: a, 9 ms", "h:1, status 200, result: a, 900 ms")
    lines = [served(1, 1, ["a"], "r"), served(1, 1, ["a"], "r"), watch(2, 1, "a")]
    days = [
        summed(*lines, request(ok), request(late), request(ok)),
        summed(served(1500, 2, ["a"], "s"), request(ok, user=2, minute=1500), day=SECOND),
    ]
    found = merge(days[::-1], PARAMS, EVEN)
    assert found["days"] == [FIRST, SECOND]
    assert found["models"]["svd@v1"]["answers"] == 2
    assert found["requests"] == {
        "lines": 4,
        "failed": 0,
        "late": 1,
        "available": 3,
        "unattributed": 2,
        "availability": 0.75,
    }
    assert found["duplicates"] == 1
    assert found["releases"] == {"svd": []}
    told = ("conversion_minutes", "confidence", "deadline_ms")
    assert [found[name] for name in told] == [30.0, 0.95, 600]
    json.dumps(found, allow_nan=False)


def test_no_day_at_all_is_a_report_of_none():
    found = merge([], PARAMS, EVEN)
    assert (found["days"], found["models"], found["releases"]) == ([], {}, {})
    assert found["requests"]["availability"] is None
    assert found["experiment"]["verdict"].startswith("no difference yet: 0 users")
    json.dumps(found, allow_nan=False)
