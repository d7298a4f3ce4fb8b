"""The stage `drift`: a shifted day is reported and said, and ends nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.errors import BadParams
from tests.inputs.viewings import Viewing, aggregate_day, day_start, stored
from tests.stages.test_validate import ROOT, stage

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]


def prepare(folder: Path, more: int = 0) -> list[str]:
    """Three days of ratings 1 to 3, the newest of which are so much higher; the stage's options."""
    random = np.random.default_rng(2)
    for number, name in enumerate(DAYS):
        rated = random.integers(1, 4, 400) + (more if name == DAYS[-1] else 0)
        lines = [
            Viewing(number, 1 + k, 1 + k % 200, f"m{k % 30}", rating=int(rating)).line
            for k, rating in enumerate(rated)
        ]
        aggregate, counts = aggregate_day(stored(lines), day_start(number))
        counts |= {"rejected": 0, "reasons": {}, "rejected_ratings": 0}
        save_aggregate(folder / "aggregates" / name, aggregate, name, counts)
    write_window(folder / "window.yaml", WindowFile(DAYS, "2026-11-04"))
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    options = ["--window", str(folder / "window.yaml"), "--aggregates", str(folder / "aggregates")]
    return [*options, "--params", str(folder / "params.yaml"), "--report", str(folder / "r.json")]


def test_days_alike_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stage("drift").main(prepare(tmp_path)) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"stage": "drift", "days": 3, "day": DAYS[-1], "failed": []}
    assert said.err == ""
    assert json.loads((tmp_path / "r.json").read_text())["passed"]


def test_a_shifted_day_is_said_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage("drift").main(prepare(tmp_path, more=2)) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["day"] == DAYS[-1] and not report["passed"]
    assert not report["measures"]["rating_psi"]["passed"]
    assert "drift: 2026-11-03: rating_psi, rating_ks; see" in capsys.readouterr().err


def test_a_threshold_that_it_does_not_know_is_refused(tmp_path: Path) -> None:
    options = prepare(tmp_path)
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    params["drift"]["max_rating_pse"] = 0.2
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(
        BadParams, match="drift: unknown key 'max_rating_pse'; it takes chance, max_"
    ):
        stage("drift").main(options)
