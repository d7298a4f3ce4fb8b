"""Two arms and the router before them, for tests of anything but time."""

from collections.abc import Iterator

import pytest

from tests.infra.router.arms import Arm, arms
from tests.infra.router.routers import EVEN, PATIENT, Router, router


@pytest.fixture
def both() -> Iterator[dict[str, Arm]]:
    """Stand-ins of svd and svdpp."""
    with arms("svd", "svdpp") as made:
        yield made


@pytest.fixture
def patient(both: dict[str, Arm]) -> Iterator[Router]:
    """A router that waits for an arm as long as it takes."""
    with router(both, EVEN, **PATIENT) as made:
        yield made
