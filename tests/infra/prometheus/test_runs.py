"""Whole runs and half ones, by dvc.lock."""

from pathlib import Path

import pytest

from infra.prometheus.runs import Runs
from movierec.errors import BadInput
from tests.infra.prometheus.batch import REPORTS, STAGES, begin, lock

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return begin(tmp_path)


def test_reports_of_one_run_are_whole_and_so_is_what_no_stage_writes(root: Path) -> None:
    for source in REPORTS:
        Runs(root).check(source)


def test_a_run_that_ended_before_the_gate_makes_the_gate_s_report_an_old_one(root: Path) -> None:
    (root / "metrics/svdpp.json").write_text("{}")
    lock(root, {"evaluate": STAGES["evaluate"]})
    Runs(root).check("metrics/svdpp.json")
    with pytest.raises(BadInput, match=r"half a run, gate has not run since metrics/svdpp.json"):
        Runs(root).check("reports/gate.json")
    lock(root, {"gate": STAGES["gate"]})
    Runs(root).check("reports/gate.json")


def test_what_lies_two_stages_back_counts_as_well(root: Path) -> None:
    (root / "models").mkdir()
    (root / "models/svd").write_text("trained anew")
    lock(root, {"train": STAGES["train"]})
    for source in ("metrics/svd.json", "reports/gate.json"):
        with pytest.raises(BadInput, match="half a run, evaluate has not run since models/svd"):
            Runs(root).check(source)


def test_a_report_that_its_stage_did_not_write_so_is_told(root: Path) -> None:
    (root / "reports/gate.json").write_text("{}")
    with pytest.raises(BadInput, match=r"reports/gate.json: is not what gate wrote by dvc.lock"):
        Runs(root).check("reports/gate.json")


@pytest.mark.parametrize("text", ["stages: 7", "stages: {a: 7}", "stages: {a: {outs: [{}]}}"])
def test_a_lock_that_is_none_is_told(root: Path, text: str) -> None:
    (root / "dvc.lock").write_text(text)
    with pytest.raises(BadInput, match=r"dvc.lock"):
        Runs(root).check("reports/gate.json")


def test_the_reports_of_this_commit_are_of_one_run() -> None:
    for source in ("metrics/svd.json", "metrics/svdpp.json", "reports/gate.json"):
        Runs(ROOT).check(source)
