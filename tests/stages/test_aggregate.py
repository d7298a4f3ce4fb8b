"""The stage that reduces one closed day."""

import json
from pathlib import Path

import pytest

from movierec.dataset.aggregates import load_aggregate
from movierec.errors import BadInput
from tests.inputs.days import close_days
from tests.stages.test_validate import stage


def test_a_closed_day_becomes_pairs_with_the_counts_of_its_manifest(tmp_path: Path) -> None:
    (day,) = close_days(tmp_path, "2026-11-01", 1, lines_per_day=4000)
    folder = tmp_path / "movielog/days" / day
    command = ["--day", str(folder), "--output", str(tmp_path / "aggregates" / day)]
    assert stage("aggregate").main(command) == 0
    aggregate, counts = load_aggregate(tmp_path / "aggregates" / day)
    totals = json.loads((folder / "manifest.json").read_text())["totals"]
    assert counts["reasons"] == totals["reasons"] and counts["rejected"] == totals["rejected"]
    assert counts["rejected_ratings"] == totals["rejected_ratings"]
    assert counts["stored"] == totals["stored"] and counts["watch"] == totals["watch"]
    assert len(aggregate.user) > 0


@pytest.mark.parametrize("name", ["copy-of-day", "20261101"])
def test_a_folder_that_is_named_like_no_day_is_refused(tmp_path: Path, name: str) -> None:
    command = ["--day", str(tmp_path / name), "--output", str(tmp_path / "out")]
    with pytest.raises(BadInput, match=f"{name}: a closed day's folder is named YYYY-MM-DD"):
        stage("aggregate").main(command)
