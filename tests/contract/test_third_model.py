"""A third kind of model, made known to the registry alone, goes the whole way to an answer."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import evaluate
import search
import train
import uptake
from movierec.dataset.datasetfile import save_dataset
from movierec.errors import BadParams
from movierec.models.kinds import KINDS
from movierec.models.modelfile import load_model
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.models import ITEM_MEAN, ItemMeanModel
from tests.inputs.ratings import dataset_of, random_ratings

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dataset and a params file that has a section more."""
    monkeypatch.setitem(KINDS, "itemmean", ITEM_MEAN)
    ratings, held, watched = (random_ratings(30, 25, 0.3, seed=seed) for seed in range(3))
    save_dataset(tmp_path / "dataset", dataset_of(ratings, held, watched), {})
    document: Any = yaml.safe_load(PARAMS.read_text())
    document["train"]["itemmean"] = {"shrinkage": 2.0}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def trained(work: Path) -> Path:
    model = work / "models/itemmean"
    shared = ["--dataset", str(work / "dataset"), "--params", str(work / "params.yaml")]
    assert uptake.main([*shared, "--output", str(work / "models/uptake")]) == 0
    command = ["--model", "itemmean", *shared, "--uptake", str(work / "models/uptake")]
    command += ["--output", str(model), "--history", str(work / "epochs.csv")]
    assert train.main(command) == 0
    return model


def test_it_is_trained_judged_packed_and_answers(work: Path) -> None:
    folder = trained(work)
    assert (work / "epochs.csv").read_text().startswith("epoch,train_rmse\n1,0.")

    command = ["--model", str(folder), "--dataset", str(work / "dataset"), "--plots", str(work)]
    command += ["--params", str(work / "params.yaml"), "--report", str(work / "report.json")]
    assert evaluate.main([*command, "--metrics", str(work / "metrics.json")]) == 0
    assert '"recall"' in (work / "metrics.json").read_text()

    loaded = load_model(folder)  # what an image holds
    assert isinstance(loaded.model, ItemMeanModel)
    client = create_app(ServiceSettings(folder), loaded).test_client()
    user = int(loaded.users[3])
    known, new = (client.get(f"/recommend/{user}") for user in (user, 999_999_999))
    assert known.headers["X-Model"] == "itemmean@unreleased"
    assert known.headers["X-Answer-Tier"] == "model"
    seen = {loaded.movies[i].decode() for i in loaded.seen_of(3)}
    judged = loaded.ranker().known(3)
    assert (judged.estimate == loaded.model.means).all()
    best = [loaded.movies[i].decode() for i in (-judged.score).argsort(kind="stable")]
    assert known.text.split(",") == [movie for movie in best if movie not in seen][:20]
    assert new.headers["X-Answer-Tier"] == "popular"


def test_its_parameters_are_checked_and_others_still_refused(work: Path) -> None:
    document: Any = yaml.safe_load((work / "params.yaml").read_text())
    document["train"]["itemmean"] = {"shrink": 2.0}
    (work / "params.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(BadParams, match="train: itemmean: unknown key 'shrink'; it takes shrinkag"):
        trained(work)
    document["train"] |= {"itemmean": {"shrinkage": 1.0}, "itemmode": {}}
    (work / "params.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(BadParams, match="train: unknown key 'itemmode'; it takes dtype, engine"):
        trained(work)


def test_surprise_does_not_know_it_and_says_so(work: Path) -> None:
    document: Any = yaml.safe_load((work / "params.yaml").read_text())
    document["train"]["engine"] = "surprise"
    (work / "params.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(BadParams, match="engine surprise knows no Item mean; set it to fast"):
        trained(work)


def test_what_has_no_learning_rates_is_not_searched(work: Path) -> None:
    assert search.searchable() == ("svd", "svdpp")
