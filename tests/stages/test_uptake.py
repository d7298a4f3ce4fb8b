"""The stage writes who takes up what, as params.yaml says, and warns of a trend in vain."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

import uptake
from movierec.dataset.datasetfile import load_dataset, save_dataset
from movierec.models.uptakefile import read_uptake
from movierec.models.uptaking import fit_uptake, load_uptake
from tests.inputs.ratings import dataset_of, random_ratings

SHIPPED = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    ratings, watched = random_ratings(30, 20, 0.4), random_ratings(30, 20, 0.4, seed=1)
    save_dataset(tmp_path / "dataset", dataset_of(ratings, ratings, watched), {"split": "random"})
    return tmp_path / "dataset"


def run(dataset: Path, dtype: str = "float32", **changes: Any) -> Path:
    """The folder written."""
    document = yaml.safe_load(SHIPPED.read_text())
    document["train"] |= {"dtype": dtype}
    document["train"]["uptake"] |= changes
    params, folder = dataset.parent / "params.yaml", dataset.parent / "uptake"
    params.write_text(yaml.safe_dump(document))
    command = ["--dataset", str(dataset), "--params", str(params), "--output", str(folder)]
    assert uptake.main(command) == 0
    return folder


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_written_is_what_was_fitted(
    dtype: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, loaded = run(dataset, dtype, n_factors=5), load_dataset(dataset)
    hyper = load_uptake(dataset.parent / "params.yaml")
    found, expected = read_uptake(folder, loaded.data_hash), fit_uptake(loaded, hyper, dtype)
    assert found is not None and expected is not None
    assert asdict(found.hyper) == asdict(hyper) and hyper.n_factors == 5
    for name, array in expected.arrays().items():
        assert (array.dtype, getattr(found, name).tobytes()) == (dtype, array.tobytes())
    line = json.loads(capsys.readouterr().out)
    assert (line["stage"], line["n_factors"]) == ("uptake", 5)
    assert 50 < line["peak_rss_mb"] < 10_000


@pytest.mark.parametrize(
    ("given", "used"), [([], 5), (["--threads", "0"], 5), (["--threads", "3"], 3)]
)
def test_it_fits_on_every_core_or_on_as_many_as_are_asked_for(
    given: list[str], used: int, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fitting(*arguments: Any) -> None:
        asked.append(arguments[-1])

    monkeypatch.setattr(uptake, "fit_uptake", fitting)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(5 + process)))
    command = ["--dataset", str(dataset), "--params", str(SHIPPED)]
    assert uptake.main([*command, "--output", str(dataset.parent / "uptake"), *given]) == 0
    assert asked == [used]


def test_fewer_threads_than_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        uptake.main(["--dataset", "none", "--output", "none", "--threads", "-1"])
    assert "--threads: -1 is less than none" in capsys.readouterr().err


def test_without_factors_it_writes_that_there_is_none(dataset: Path) -> None:
    assert read_uptake(run(dataset, n_factors=0), load_dataset(dataset).data_hash) is None


@pytest.mark.parametrize(
    ("split", "days", "factors", "warns"),
    [
        ("random", 7.0, 64, True),
        ("random", 0.0, 64, False),
        ("random", 7.0, 0, False),
        ("global_time", 7.0, 64, False),
    ],
)
def test_a_trend_on_a_random_split_is_warned_of(
    split: str,
    days: float,
    factors: int,
    warns: bool,
    dataset: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_dataset(dataset, load_dataset(dataset), {"split": split})
    run(dataset, trend_days=days, n_factors=factors)
    assert ("train.uptake.trend_days is 7, but" in capsys.readouterr().err) == warns
