"""Whole runs and half ones, by dvc.lock."""

from pathlib import Path

import pytest
import yaml

from infra.prometheus.runs import Runs
from infra.release.package import md5_of_folder
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


def days_of(root: Path) -> Path:
    """A merge of two days, each of a stage of its own, run; the sums of the second."""
    for day in ("2026-11-01", "2026-11-02"):
        out = root / f"data/online/days/{day}/sums"
        out.parent.mkdir(parents=True)
        out.write_text(day)
        lock(root, {f"online@{day}": (["models/svd"], [f"data/online/days/{day}"])})
    lock(root, {"online_merge": (["data/online"], ["metrics/online.json"])})
    document = yaml.safe_load((root / "dvc.lock").read_text())
    read = document["stages"]["online_merge"]["deps"]
    read[0]["md5"] = md5_of_folder(root / "data/online")
    (root / "dvc.lock").write_text(yaml.safe_dump(document))
    return root / "data/online/days/2026-11-02/sums"


def test_a_merge_is_of_the_days_that_are_there_and_they_of_what_they_read(root: Path) -> None:
    days_of(root)
    Runs(root).check("metrics/online.json")
    (root / "models").mkdir()
    (root / "models/svd").write_text("trained anew")
    lock(root, {"train": STAGES["train"]})
    with pytest.raises(BadInput, match="online@2026-11-01 has not run since models/svd"):
        Runs(root).check("metrics/online.json")


def test_a_day_that_was_judged_anew_makes_the_merge_an_old_one(root: Path) -> None:
    sums = days_of(root)
    sums.write_text("judged anew")
    with pytest.raises(BadInput, match="online_merge has not run since data/online changed"):
        Runs(root).check("metrics/online.json")
    sums.unlink()
    sums.parent.rmdir()
    Runs(root).check("metrics/online.json")  # a clone without its data


@pytest.mark.parametrize("text", ["stages: 7", "stages: {a: 7}", "stages: {a: {outs: [{}]}}"])
def test_a_lock_that_is_none_is_told(root: Path, text: str) -> None:
    (root / "dvc.lock").write_text(text)
    with pytest.raises(BadInput, match=r"dvc.lock"):
        Runs(root).check("reports/gate.json")


def test_the_reports_of_this_commit_are_of_one_run() -> None:
    for source in (
        "metrics/svd.json",
        "metrics/svdpp.json",
        "reports/gate.json",
        "metrics/online.json",
    ):
        Runs(ROOT).check(source)
