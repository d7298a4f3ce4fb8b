"""How many connections the limit of open files allows."""

import resource
from unittest import mock

import pytest

from serve.http.limits import connections_within_files

UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "most", "raised"),
    [
        (1024, 1024, 300, None),
        (256, 256, 128, None),
        (20, 20, 4, None),
        (UNLIMITED, UNLIMITED, 300, None),
        (256, 4096, 300, 428),
        (256, 400, 272, 400),
        (256, UNLIMITED, 300, 428),
    ],
)
def test_connections_leave_files_to_the_work_and_the_soft_limit_is_raised_to_that(
    soft: int, hard: int, most: int, raised: int | None
) -> None:
    with (
        mock.patch.object(resource, "getrlimit", return_value=(soft, hard)),
        mock.patch.object(resource, "setrlimit") as set_to,
    ):
        assert connections_within_files(300) == most
    wanted = [mock.call(resource.RLIMIT_NOFILE, (raised, hard))] if raised else []
    assert [call for call in set_to.mock_calls if call.args[1][0] != soft] == wanted
