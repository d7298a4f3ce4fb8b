"""A replay of real ratings trains with values of its own."""

import shutil
from pathlib import Path

from infra.demo.replay import TRAIN, parse, set_params
from movierec.params import load_params

PARAMS = Path(__file__).parents[3] / "params.yaml"


def params_of(folder, *arguments):
    copy = folder / "params.yaml"
    shutil.copy(PARAMS, copy)
    command = ["--ratings", "x", "--scale", "0", "10", "--relevant", "8"]
    set_params(copy, parse([*command, *arguments]))
    return load_params(copy)


def test_the_scale_and_the_training_of_both_models_are_set(tmp_path):
    params = params_of(tmp_path)
    assert (params.events.rating_min, params.events.rating_max) == (0, 10)
    assert params.evaluate.relevant_rating == 8
    for model in (params.train.svd, params.train.svdpp):
        assert (model.n_factors, model.n_epochs) == (TRAIN["n_factors"], TRAIN["n_epochs"])
        assert model.lr_bu == model.lr_qi == TRAIN["lr"]
        assert (model.reg_bu, model.reg_qi) == (TRAIN["reg_bu"], TRAIN["reg"])
    assert params.train.svdpp.reg_yj == TRAIN["reg"]
    assert params.train.svd.lr_decay == load_params(PARAMS).train.svd.lr_decay


def test_the_projects_own_training_can_be_kept(tmp_path):
    assert params_of(tmp_path, "--keep-params").train == load_params(PARAMS).train
