"""Each fault in its quick form breaks no promise. `make faults-release` runs them at length; what
that told stands in tables, which are held to each other here."""

import re
from pathlib import Path

import pytest

from tests.faults.release.__main__ import FAULTS
from tests.faults.release.bed import Bed

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| [^|]+ \| ([\d,]+) \| (\d+) \| (\d+) \| ([\d,]+) \| [^|]+ \|$", re.M)
NEEDS_DOCKER = ["images", "image-build", "image-calls"]


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


def test_the_readme_counts_the_tries_of_the_table() -> None:
    told = (ROOT / "tests/faults/README.md").read_text().split("## A release")[1]
    rows = ROW.findall(told)
    assert len(rows) == len(FAULTS), "each kind has a row"
    assert {(wrong, half) for _, wrong, half, _ in rows} == {("0", "0")}
    assert all(tried == recovered for tried, _, _, recovered in rows)
    tries = sum(int(tried.replace(",", "")) for tried, *_ in rows)
    assert f"half-released in {tries:,} tries of a release" in (ROOT / "README.md").read_text()
