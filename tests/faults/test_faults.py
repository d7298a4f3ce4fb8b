"""Each fault in its quick form costs nothing. `make faults` runs them at length."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.brokers.kafka import running
from tests.brokers.s3 import Server
from tests.faults.__main__ import FAULTS, ON_S3
from tests.faults.bed import Bed

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("faults")
    with running(folder / "broker") as broker:
        bed = Bed(broker, folder, quick=True)
        bed.warm_up()
        yield bed


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_nothing(fault: str, bed: Bed) -> None:
    outcome = FAULTS[fault](bed)
    assert outcome.is_good, outcome


@pytest.mark.parametrize("fault", ["s3-moody", "s3-server-killed"])
def test_a_fault_of_s3_costs_nothing(
    fault: str, bed: Bed, s3_server: Server, s3_environment: None
) -> None:
    outcome = ON_S3[fault](replace(bed, server=s3_server))
    assert outcome.is_good, outcome
