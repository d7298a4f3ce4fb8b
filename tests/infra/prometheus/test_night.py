"""What is told of the night's job: the last success is remembered over nights that fail."""

from pathlib import Path

import pytest

from infra.prometheus.night import FAILED, ILL, RUN, SUCCESS, WELL, ended, remembered
from infra.prometheus.samples import Sample
from movierec.errors import BadInput

KNOWN = f"{RUN} 5\n{FAILED} 0\n{SUCCESS} 5\nmovierec_drift 7\n"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "movierec.prom"
    path.write_text(KNOWN)
    return path


def test_a_job_that_ends_well_tells_all_anew(before: Path) -> None:
    assert list(ended(WELL, 9.0)) == [Sample(RUN, 9), Sample(FAILED, 0), Sample(SUCCESS, 9)]
    assert list(remembered(WELL, before)) == []


def test_after_one_that_does_not_the_last_success_is_still_known(before: Path) -> None:
    assert list(ended(ILL, 9.0)) == [Sample(RUN, 9), Sample(FAILED, 1)]
    assert list(remembered(ILL, before)) == [Sample(SUCCESS, 5)]


def test_a_person_who_hands_over_changes_nothing_of_the_nights(before: Path) -> None:
    assert list(ended(None, 9.0)) == []
    assert set(remembered(None, before)) == {Sample(RUN, 5), Sample(FAILED, 0), Sample(SUCCESS, 5)}


def test_before_the_first_night_nothing_is_known(tmp_path: Path) -> None:
    assert list(remembered(ILL, tmp_path / "none")) == []


@pytest.mark.parametrize("damaged", [b"\xff", b"movierec_nightly_failed{ 1\n", b"a b c\n"])
def test_a_file_that_is_none_is_told(before: Path, damaged: bytes) -> None:
    before.write_bytes(damaged)
    with pytest.raises(BadInput, match="what it knew of the nights is lost"):
        list(remembered(ILL, before))
