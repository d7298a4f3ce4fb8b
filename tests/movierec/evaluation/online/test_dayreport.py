"""The report of one day."""

import json

import pytest

from movierec.evaluation.online.dayreport import report_of
from tests.movierec.evaluation.online.rows import FIRST, PARAMS, served, summed


@pytest.mark.parametrize("open", [False, True])
def test_the_report_of_a_day_says_which_and_compares_nothing(open):
    found = report_of(summed(served(1439, 1, ["a"], "r"), open=open), PARAMS)
    assert (found["days"], found["open"], found["before"]) == ([FIRST], open, False)
    assert found["models"]["svd@v1"]["answers"] == open
    assert not {"experiment", "releases"} & set(found)
    json.dumps(found, allow_nan=False)
