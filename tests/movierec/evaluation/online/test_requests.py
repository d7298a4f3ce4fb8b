"""Request lines, by status and deadline."""

import numpy as np
import pyarrow as pa

from movierec.evaluation.online.answers import list_keys
from movierec.evaluation.online.requests import Requests
from tests.movierec.evaluation.online.rows import request, rows, watch


def counted(*lines):
    requests = Requests(600)
    for batch in rows(*lines).to_batches(max_chunksize=2):
        requests.add(batch)
    return requests


def keys(*pairs):
    return list_keys(np.array([user for user, _ in pairs]), pa.array([ids for _, ids in pairs]))


def test_available_is_what_came_in_time_with_status_200():
    found = counted(
        request("host:8080, status 200, result: a, b, 12 ms"),
        watch(0, 1, "a"),
        request("host:8080, status 200, result: a, 600ms"),
        request("host:8080, status 200, result: a, 601 ms"),
        request("host:8080, status 0, result: Timeout, status 9: host, 3 ms, 999 ms"),
        request("host:8080, status 0, result: refused, 3 ms"),
    )
    counts = found.lines, found.failed, found.late, found.available
    assert counts == (5, 2, 2, 2)
    assert found.unattributed(keys()) == 3


def test_no_request_lines_are_none():
    found = counted(watch(0, 1, "a"))
    assert (found.lines, found.failed, found.late, found.available) == (0, 0, 0, 0)
    assert found.unattributed(keys((1, "a"))) == 0


def test_a_list_without_a_line_in_the_served_log_is_counted_and_once_for_each_time():
    asked = [request("h:1, status 200, result: a, b, 9 ms", user=1)] * 3
    asked += [request("h:1, status 200, result: a,b, 9 ms", user=2)]
    asked += [request("h:1, status 0, result: none, 9 ms", user=3)]
    found = counted(*asked)
    assert found.unattributed(keys()) == 4
    lines = [(1, "a,b"), (1, "a,b")]
    assert found.unattributed(keys(*lines)) == 2
    assert found.unattributed(keys(*lines, (2, "b,a"), (9, "a,b"))) == 2
    assert found.unattributed(keys(*lines, (2, "a,b"), (2, "a,b"))) == 1
