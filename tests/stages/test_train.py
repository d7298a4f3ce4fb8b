"""The stage writes a model and its history, the same by both engines."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import train
import uptake
from movierec.dataset.datasetfile import load_dataset, save_dataset
from movierec.models.modelfile import load_model
from movierec.models.uptaking import fit_uptake
from tests.inputs.ratings import PARAMS, dataset_of, random_ratings

SHIPPED = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    ratings, watched = random_ratings(30, 20, 0.4), random_ratings(30, 20, 0.4, seed=1)
    save_dataset(tmp_path / "dataset", dataset_of(ratings, ratings, watched), {})
    return tmp_path / "dataset"


def run(dataset: Path, kind: str, name: str = "model", **changes: Any) -> list[str]:
    """The lines of the history."""
    document = yaml.safe_load(SHIPPED.read_text())
    own = {key: changes.pop(key) for key in list(changes) if key in document["train"][kind]}
    document["train"] |= changes
    document["train"][kind] |= own
    (dataset.parent / "params.yaml").write_text(yaml.safe_dump(document))
    shared = ["--dataset", str(dataset), "--params", str(dataset.parent / "params.yaml")]
    uptake_folder = str(dataset.parent / f"{name}-uptake")
    assert uptake.main([*shared, "--output", uptake_folder]) == 0
    command = ["--model", kind, *shared, "--uptake", uptake_folder]
    command += ["--output", str(dataset.parent / name)]
    assert train.main([*command, "--history", str(dataset.parent / f"{name}.csv")]) == 0
    return (dataset.parent / f"{name}.csv").read_text().splitlines()


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_a_model_and_its_history_are_written(
    kind: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *rows = run(dataset, kind, n_epochs=6, holdout_share=0.2)
    assert header == "epoch,train_rmse,holdout_rmse"
    loaded = load_model(dataset.parent / "model")
    assert loaded.model.kind == kind
    assert loaded.manifest["facts"] == {"engine": "fast", "dtype": "float32"}
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["model"] == kind
    assert line["epochs"] == len(rows) == loaded.manifest["hyperparameters"]["n_epochs"]
    assert line["train_rmse"] == round(float(rows[-1].split(",")[1]), 4)
    assert 50 < line["peak_rss_mb"] < 10_000


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_both_engines_fit_the_same_model(kind: str, dataset: Path) -> None:
    same = {"dtype": "float64", "implicit": "rated", "n_epochs": 5, "holdout_share": 0.0}
    assert len(run(dataset, kind, "ours", engine="fast", **same)) == 1 + 5
    assert len(run(dataset, kind, "theirs", engine="surprise", **same)) == 1 + 1
    one, other = (load_model(dataset.parent / name).model for name in ("ours", "theirs"))
    for name, array in one.arrays().items():
        np.testing.assert_allclose(array, other.arrays()[name], atol=1e-9)


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_both_kinds_hold_the_same_uptake_or_none_and_the_same_model(
    kind: str, dataset: Path, shipped_uptake: dict[str, Any]
) -> None:
    short: dict[str, Any] = {"n_epochs": 3, "holdout_share": 0.0}
    run(dataset, kind, uptake=shipped_uptake | {"n_factors": 5}, **short)
    run(dataset, kind, "plain", uptake=shipped_uptake | {"n_factors": 0}, **short)
    loaded, plain = (load_model(dataset.parent / name) for name in ("model", "plain"))
    assert loaded.uptake is not None and loaded.uptake.hyper.n_factors == 5
    assert plain.uptake is None
    for name, array in loaded.model.arrays().items():
        assert array.tobytes() == plain.model.arrays()[name].tobytes()
    found = load_dataset(dataset)
    expected = fit_uptake(found, loaded.uptake.hyper, "float32")
    assert expected is not None
    for name, array in expected.arrays().items():
        assert getattr(loaded.uptake, name).tobytes() == array.tobytes()


@pytest.fixture
def shipped_uptake() -> dict[str, Any]:
    section: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())["train"]["uptake"]
    return section
