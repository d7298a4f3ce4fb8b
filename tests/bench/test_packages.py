"""What answers are measured with is a package like any other: rows, watchers, and both rankings."""

from pathlib import Path

import numpy as np
import pytest

from movierec.models.modelfile import load_model
from serve.service.recommender import Recommender
from tests.bench import packages


def test_a_made_up_package_answers_rows_and_watchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "RATERS", 30)
    model = load_model(packages.build(tmp_path / "model", 200, 7))
    assert (len(model.users), len(model.watchers), len(model.movies)) == (30, 7, 200)
    by = Recommender(model)
    tiers = [by.answer(user).tier for user in (0, 29, 30, 36, 37)]
    assert tiers == ["model"] * 4 + ["popular"]
    assert by.ranker.uptake is not None
    for u in (0, 29):  # rows are what they would be for somebody who comes later
        assert (by.ranker.uptake.fold_in(model.seen_of(u)) == by.ranker.uptake.user[u]).all()
    assert np.unique(model.seen_by_watcher(3)).size == packages.WATCHED


def test_as_many_raters_as_are_asked_for_have_rows_of_chance(tmp_path: Path) -> None:
    model = load_model(packages.build(tmp_path / "model", 200, raters=30))
    assert len(model.users) == len(model.model.arrays()["user_bias"]) == 30
    assert model.uptake is not None
    assert np.unique(model.uptake.user).size > model.uptake.user.size / 2
    assert Recommender(model).answer(29).tier == "model"
