"""A window whose ratings are on another scale is refused."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.errors import LimitExceeded
from tests.inputs.viewings import Viewing, aggregate_day, day_start, stored

ROOT = Path(__file__).parents[2]
DAY = "2026-11-01"


def stage(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "stages" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepare(folder: Path, highest: int, strays: int = 0) -> list[str]:
    """A window of one day with ratings 1 … `highest`; the options of both stages."""
    random = np.random.default_rng(2)
    ratings = [
        Viewing(0, n + 1, 1 + n % 40, f"m{n % 30}", rating=int(random.integers(1, highest + 1)))
        for n in range(400)
    ]
    ratings += [Viewing(0, 500 + n, 1 + n, "m1", rating=10) for n in range(strays)]
    table = stored([v.line for v in ratings])
    aggregate, counts = aggregate_day(table, day_start(0))
    counts |= {"rejected": 0, "reasons": {}}
    save_aggregate(folder / "aggregates" / DAY, aggregate, DAY, counts)
    write_window(folder / "window.yaml", WindowFile([DAY], "2026-11-02"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["validate"] |= {"min_ratings": 1, "min_users": 1}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    options = ["--window", str(folder / "window.yaml"), "--aggregates", str(folder / "aggregates")]
    return [*options, "--params", str(folder / "params.yaml"), "--report", str(folder / "r.json")]


def test_a_log_of_ten_points_is_refused_with_count_and_scale(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        stage("validate").main(prepare(tmp_path, highest=10))
    said = str(refusal.value)
    assert "off_scale_share 0.5" in said
    assert "of 400 ratings are outside the scale 1 to 5, which is `events` in params.yaml" in said
    measure = json.loads((tmp_path / "r.json").read_text())["measures"]["off_scale_share"]
    assert not measure["passed"] and measure["limit"] == 0.02
