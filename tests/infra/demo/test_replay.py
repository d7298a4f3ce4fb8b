"""A replay of real ratings goes the whole way, on their own scale."""

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.demo.replay import parse, set_params
from movierec.dataset.scale import Events
from movierec.errors import BadInput
from movierec.evaluation.validation import Evaluate
from movierec.models.training import load_train
from movierec.params import load_section
from tests.brokers.kafka import running

ROOT = Path(__file__).parents[3]
PARAMS = ROOT / "params.yaml"


def params_of(folder, *arguments):
    copy = folder / "params.yaml"
    shutil.copy(PARAMS, copy)
    command = ["--ratings", "x", "--scale", "0", "10", "--relevant", "8"]
    set_params(copy, parse([*command, *arguments]))
    return copy


def test_the_scale_is_set_and_the_training_left_as_it_is(tmp_path):
    params = params_of(tmp_path)
    events = load_section(params, "events", Events)
    assert (events.rating_min, events.rating_max) == (0, 10)
    assert load_section(params, "evaluate", Evaluate).relevant_rating == 8
    for kind in ("svd", "svdpp"):
        assert load_train(params, kind) == load_train(PARAMS, kind)


@pytest.mark.parametrize("seconds", ["-1", "nan"])
def test_a_search_takes_seconds(seconds):
    with pytest.raises(BadInput, match="--search must be 0 or more seconds"):
        parse(["--ratings", "x", "--search", seconds])


def test_a_number_as_dvc_writes_it_stays_one(tmp_path: Path) -> None:
    """`dvc exp run -S train.svd.reg_bu=0.00001` writes 1e-05, which YAML 1.1 takes for a text."""
    copy = tmp_path / "params.yaml"
    copy.write_text(re.sub(r"(?m)reg_bu: .*", "reg_bu: 1e-05", PARAMS.read_text()))
    set_params(copy, parse(["--ratings", "x"]))
    assert asdict(load_train(copy, "svd")[1])["reg_bu"] == 1e-05


@pytest.mark.slow
@pytest.mark.broker
def test_a_file_of_ratings_goes_through_to_both_models(tmp_path: Path) -> None:
    """As `make replay` does it, on a broker of its own."""
    chance, ratings = random.Random(1), tmp_path / "ratings.dat"
    taste = [chance.choice((1, 2, 4, 5)) for _ in range(60)]
    ratings.write_text(
        "".join(
            f"{user}::{movie}::{taste[movie]}::{1_365_000_000 + 60 * (40 * user + n)}\n"
            for user in range(1, 201)
            for n, movie in enumerate(chance.sample(range(60), 20))
        )
    )
    with running(tmp_path / "broker") as broker:
        done = subprocess.run(
            [sys.executable, "-m", "infra.demo.replay", "--ratings", str(ratings)],
            cwd=ROOT,
            env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": broker.address},
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    measured = dict(
        re.findall(r"^ +(SVD|SVD\+\+|biases only) +(0\.\d+)", done.stdout, re.MULTILINE)
    )
    assert set(measured) == {"SVD", "SVD++", "biases only"}, done.stdout
    assert done.stdout.count("of two sets of values, ") == 2, done.stdout
