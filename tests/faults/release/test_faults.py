"""Each fault in its quick form breaks no promise. `make faults-release` runs them at length."""

import pytest

from tests.faults.release.__main__ import FAULTS
from tests.faults.release.bed import Bed

NEEDS_DOCKER = ["images", "image-build"]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    return Bed(tmp_path_factory.mktemp("faults"), quick=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in NEEDS_DOCKER])
def test_a_fault_breaks_no_promise(fault: str, bed: Bed) -> None:
    outcome = FAULTS[fault](bed)
    assert outcome.is_good, outcome


@pytest.mark.docker
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", NEEDS_DOCKER)
def test_a_fault_of_images_breaks_no_promise(fault: str, bed: Bed) -> None:
    outcome = FAULTS[fault](bed)
    assert outcome.is_good, outcome
