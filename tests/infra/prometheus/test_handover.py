"""What the batch side hands over, of reports as they should be and as they should not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import prometheus_client.exposition
import pytest

from infra.prometheus.handover import main
from infra.prometheus.samples import METRICS
from infra.repository import git
from movierec.errors import Unavailable
from tests.infra.prometheus.batch import REPORTS, begin, handed_over

UP = "movierec_handover_source_up"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return begin(tmp_path)


def hand_over(root: Path, *options: str) -> dict[tuple[str, ...], float]:
    """What node-exporter reads then."""
    assert main(["--root", str(root), "--output", str(root / "out"), *options]) == 0
    return handed_over(root / "out")


def down(told: dict[tuple[str, ...], float]) -> set[str]:
    return {labels[0] for (name, *labels), value in told.items() if name == UP and value == 0}


def test_every_number_of_the_reports_is_there(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(root, "config", name, value)
    git(root, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    for tag in ("svd@v1.4.0", "svd#prod#1"):
        message = f"svd v1.4.0 in production, version v1.4.0: {tag}"
        git(root, "tag", "--annotate", "--message", message, tag)
    told = hand_over(root, "--outcome", "success")
    assert capsys.readouterr().err == ""
    assert down(told) == set()
    expected = {
        ("movierec_offline_rmse", "svd"): 0.7,
        ("movierec_offline_ndcg", "svdpp"): 0.33,
        ("movierec_offline_passed", "svd"): 1,
        ("movierec_offline_passed", "svdpp"): 0,
        ("movierec_offline_incumbent_rmse", "svd"): 0.71,
        ("movierec_data_quality", "reject_share"): 0.4,
        ("movierec_data_quality_limit", "reject_share"): 0.2,
        ("movierec_data_quality_passed", "reject_share"): 0,
        ("movierec_data_quality", "movies"): 80,
        ("movierec_data_quality_limit", "movies"): 20,
        ("movierec_data_quality_passed", "movies"): 1,
        ("movierec_drift", "ratings"): 0.4,
        ("movierec_drift_limit", "ratings"): 0.2,
        ("movierec_drift_passed", "ratings"): 0,
        ("movierec_production_info", "svd@v1.4.0", "svd"): 1,
        ("movierec_online_conversion", "svd@v1.4.0", "svd"): 0.2,
        ("movierec_online_conversion_low", "svd@v1.4.0", "svd"): 0.18,
        ("movierec_online_conversion_high", "svdpp@v1.0.0", "svdpp"): 0.22,
        ("movierec_online_minutes", "svd@v1.4.0", "svd"): 31.5,
        ("movierec_online_rmse", "svd@v1.4.0", "svd"): 0.9,
        ("movierec_online_coverage", "svd@v1.4.0", "svd"): 0.4,
        ("movierec_online_gini", "svd@v1.4.0", "svd"): 0.6,
        ("movierec_online_popularity_lift", "svd@v1.4.0", "svd"): 2,
        ("movierec_online_fallback_share", "svd@v1.4.0", "svd"): 0.1,
        ("movierec_online_repeated_share", "svd@v1.4.0", "svd"): 0.3,
        ("movierec_online_release_worse", "svd@v1.4.0", "svd"): 1,
        ("movierec_online_feedback_ratio", "svd@v1.4.0", "svd", "coverage"): 0.8,
        ("movierec_online_feedback_ratio", "svd@v1.4.0", "svd", "gini"): 1,
        ("movierec_online_feedback_ratio", "svd@v1.4.0", "svd", "lift"): 1.2,
        ("movierec_online_last_day_timestamp_seconds",): 1793664000,  # 2026-11-03T00:00Z
        ("movierec_online_split_p",): 0.4,
        ("movierec_nightly_failed",): 0,
    }
    assert {key: told.get(key) for key in expected} == expected
    assert ("movierec_offline_recall", "svdpp") not in told  # null: nothing could be measured
    assert ("movierec_online_rmse", "svd@v1.3.0", "svd") not in told
    assert {name for name, *_ in told} == set(METRICS)


def test_a_release_of_few_answers_is_not_said_to_narrow_what_is_watched(root: Path) -> None:
    report = json.loads(json.dumps(REPORTS["metrics/online.json"]))
    for answers, told in ((450, True), (449, False)):
        report["models"]["svd@v1.4.0"]["answers"] = answers
        (root / "metrics/online.json").write_text(json.dumps(report))
        assert (
            ("movierec_online_feedback_ratio", "svd@v1.4.0", "svd", "gini") in hand_over(root)
        ) == told


@pytest.mark.parametrize("source", REPORTS)
@pytest.mark.parametrize("damage", ["missing", "cut", "another"])
def test_a_report_that_is_none_takes_its_own_samples_alone_away(
    root: Path, source: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = hand_over(root)
    path = root / source
    text = {"cut": path.read_text()[:-9], "another": '{"models": 7, "measures": 7, "svd": 7}'}
    path.unlink() if damage == "missing" else path.write_text(text[damage])
    told = hand_over(root)
    assert down(told) == {source}
    [said] = capsys.readouterr().err.splitlines()
    assert source in said
    lost = {name for name, *_ in whole.keys() - told.keys()}
    assert lost
    assert all(told[key] == whole[key] for key in told if key[0] in METRICS and key[0] != UP
               and "timestamp" not in key[0])  # fmt: skip


def test_half_a_run_is_told_and_handed_over_by_nobody(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "metrics/svd.json").write_text(json.dumps(REPORTS["metrics/svd.json"] | {"rmse": 9}))
    told = hand_over(root)
    assert down(told) == {"metrics/svd.json"}
    assert "metrics/svd.json: is not what evaluate wrote" in capsys.readouterr().err
    assert ("movierec_offline_rmse", "svd") not in told


def test_without_a_lock_no_report_is_believed(root: Path) -> None:
    (root / "dvc.lock").unlink()
    assert down(hand_over(root)) == set(REPORTS)


def test_a_scrape_sees_the_old_file_or_the_new_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it writes: what was handed over stands."""
    hand_over(root, "--outcome", "success")
    before = (root / "out/movierec.prom").read_bytes()
    render = prometheus_client.exposition.generate_latest

    def killed(*given: Any, **named: Any) -> bytes:
        render(*given, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(prometheus_client.exposition, "generate_latest", killed)
    with pytest.raises(KeyboardInterrupt):
        hand_over(root, "--outcome", "failure")
    assert (root / "out/movierec.prom").read_bytes() == before
    assert [path.name for path in (root / "out").glob("*.prom")] == ["movierec.prom"]


def test_a_folder_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(Unavailable, match="METRICS_TEXTFILE_DIR is a folder that is there"):
        main(["--root", str(root), "--output", str(root / "nowhere")])


def test_the_setting_says_where_and_without_it_nobody_is_told(root: Path) -> None:
    command = [sys.executable, "-m", "infra.prometheus.handover", "--root", str(root)]
    without = {k: v for k, v in os.environ.items() if not k.startswith("METRICS_")}
    done = subprocess.run(command, env=without, capture_output=True, text=True)
    said = "METRICS_TEXTFILE_DIR is not set: nobody is told\n"
    assert (done.returncode, done.stdout) == (0, said)
    told = without | {"METRICS_TEXTFILE_DIR": str(root / "out")}
    assert subprocess.run(command, env=told).returncode == 0
    assert ("movierec_offline_rmse", "svd") in handed_over(root / "out")
