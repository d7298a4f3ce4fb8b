"""The search tries what its kind of model learns, by its seed alone, and never sees validation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import search
from movierec.dataset.matrix import save_dataset
from movierec.fields import checked
from movierec.models.kinds import KINDS
from movierec.models.training import fitter, load_train
from tests.inputs.ratings import PARAMS, dataset_of, no_ratings, random_ratings

SHIPPED = Path(__file__).parents[2] / "params.yaml"
LEARNT = {"svd": ["bu", "bi", "pu", "qi"], "svdpp": ["bu", "bi", "pu", "qi", "yj"]}


@pytest.mark.parametrize("kind", search.searchable())
def test_every_rate_and_regularisation_varies_within_its_bounds(kind: str) -> None:
    start: Any = PARAMS[kind]()
    first, *others = search.candidates(start, 40, 1)
    assert first == replace(start, n_epochs=100, patience=4)
    for name in LEARNT[kind]:
        rates = [getattr(h, f"lr_{name}") for h in others]
        regs = [getattr(h, f"reg_{name}") for h in others]
        assert 0.002 <= min(rates) < max(rates) <= 0.03
        assert 0.001 <= min(regs) < max(regs) <= 0.3
    for hyper in others:
        assert (hyper.lr_bu, hyper.lr_pu) == (hyper.lr_bi, hyper.lr_qi)
        assert hyper.reg_bu != hyper.reg_bi
        assert (hyper.init_mean, hyper.seed) == (start.init_mean, start.seed)
    assert list(search.candidates(start, 40, 1)) == [first, *others]
    assert list(search.candidates(start, 40, 2))[1:] != others


@pytest.mark.parametrize("kind", search.searchable())
def test_the_best_is_printed_as_a_section(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "MAX_EPOCHS", 5)
    train = random_ratings(40, 30, 0.4)
    save_dataset(tmp_path / "data", dataset_of(train, validation=no_ratings(40, 30)), {})
    command = ["--model", kind, "--dataset", str(tmp_path / "data"), "--trials", "3"]
    assert search.main([*command, "--params", str(SHIPPED)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# holdout RMSE ")
    (section,) = yaml.safe_load(out).items()
    assert section[0] == kind
    assert 1 <= checked(KINDS[kind].hyper, section[1], kind).n_epochs <= 5


def test_what_diverges_is_no_candidate() -> None:
    dataset = dataset_of(random_ratings(40, 30, 0.4))
    hyper: Any = PARAMS["svd"](lr_pu=5.0, lr_qi=5.0)
    common = load_train(SHIPPED, "svd")[0]
    fit_once = fitter(KINDS["svd"], common, dataset.scale)
    assert search.judge(fit_once, dataset, hyper) == (np.inf, 0)
