"""The number that a release gets, by what changed since the one before."""

from dataclasses import replace

import pytest

from infra.release.version import Made, next_version

BEFORE = Made("model/3", {"params.yaml": {"train.svd": {"n_factors": 16}}}, {"train.py": "a"})
VERSIONS = ["v1.9.3", "v1.10.2"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEFORE, ("v1.10.3", "other data")),
        (
            replace(BEFORE, params={"params.yaml": {"train.svd": {"n_factors": 17}}}),
            ("v1.11.0", "other params: params.yaml:train.svd.n_factors"),
        ),
        (replace(BEFORE, params={}), ("v1.11.0", "other params: params.yaml:train.svd.n_factors")),
        (
            replace(BEFORE, code={"train.py": "b", "new.py": "c"}),
            ("v1.11.0", "other code: new.py, train.py"),
        ),
        (
            replace(BEFORE, format="model/4", code={}),
            ("v2.0.0", "format model/4, before model/3"),
        ),
    ],
)
def test_the_number_is_by_the_weightiest_change(now: Made, expected: tuple[str, str]) -> None:
    assert next_version(VERSIONS, BEFORE, now) == expected


def test_the_first_one_and_the_one_after_those_that_were_taken_back() -> None:
    assert next_version([], None, BEFORE) == ("v1.0.0", "the first one")
    assert next_version(VERSIONS, None, BEFORE) == ("v1.11.0", "those before were taken back")
