"""Each fault in its quick form breaks no promise. `make faults-release` runs them at length."""

import pytest

from tests.faults.release.__main__ import FAULTS
from tests.faults.release.bed import Bed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    return Bed(tmp_path_factory.mktemp("faults"), quick=True)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_no_promise(fault: str, bed: Bed) -> None:
    outcome = FAULTS[fault](bed)
    assert outcome.is_good, outcome
