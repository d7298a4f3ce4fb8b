"""What is read from a load: failures, and the versions that each user met, in order."""

import pytest

from infra.kubernetes.asking import (
    Asked,
    Load,
    failures,
    had_time,
    held_up,
    percentile,
    stand_ins,
    summary,
    versions_by_user,
)
from infra.kubernetes.cluster import Cluster


def asked(
    user: int, due: float, model: str = "svd@v1", told: str = "200", late: float = 0.0
) -> Asked:
    return Asked(user, due, 0.002, told, model, "model", False, late)


def test_anything_but_200_is_a_failure() -> None:
    seen = [asked(1, 0), asked(1, 1, told="503"), asked(1, 2, told="TimeoutError")]
    assert failures(seen) == {"503": 1, "TimeoutError": 1}
    assert summary(seen).startswith(
        "3 requests, 2 failed (1 503, 1 TimeoutError), p50 2.0 ms, p99 2.0, at most 2 ms"
    )


def test_a_user_who_goes_back_to_an_old_version_is_seen() -> None:
    seen = [asked(1, 2, "svd@v1"), asked(1, 0, "svd@v1"), asked(1, 1, "svd@v2")]
    assert versions_by_user(seen, "svd") == {1: ["svd@v1", "svd@v2", "svd@v1"]}


def test_another_arm_that_stood_in_is_counted_and_is_no_version_of_the_users_own() -> None:
    seen = [
        asked(1, 0),
        asked(1, 1),
        asked(1, 2, "svdpp@v9"),
        asked(1, 3, "svd@v2"),
        asked(2, 4, ""),
    ]
    assert versions_by_user(seen, "svd") == {1: ["svd@v1", "svd@v2"]}
    assert versions_by_user(seen, "svdpp") == {}
    assert stand_ins(seen) == 1


def test_times_are_of_what_was_answered() -> None:
    slow = asked(1, 1, told="TimeoutError")._replace(seconds=5.0)
    assert percentile([asked(1, 0), slow], 1.0) == 2.0


def test_a_client_that_had_no_time_says_so() -> None:
    assert held_up([asked(1, 0), asked(1, 1, late=0.4), asked(1, 2)]) == 0.4


@pytest.mark.parametrize(
    ("late", "seconds", "told", "had"),
    [
        (0.0, 0.01, "200", True),
        (0.3, 0.01, "200", False),
        (0, 0.3, "200", False),
        (0, 0.01, "503", False),
    ],
)
def test_a_machine_without_time_is_known_by_the_client_and_by_the_witness(
    late: float, seconds: float, told: str, had: bool
) -> None:
    witness = asked(1, 0)._replace(seconds=seconds, told=told)
    seen = Load(Cluster("none"), "update", "", [asked(1, 0, late=late)])
    seen.witness = Load(Cluster("none"), "witness", "", [witness])
    assert had_time(seen) == had
