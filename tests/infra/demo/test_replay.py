"""A replay of real ratings goes the whole way, on their own scale."""

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from infra.demo.replay import WORKSPACE, parse, set_params
from infra.simulator.produce import log
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.dataset.scale import Events
from movierec.errors import BadInput
from movierec.evaluation.validation import Evaluate
from movierec.models.training import load_train
from movierec.params import load_section
from movierec.times import day_number
from tests.brokers.kafka import running

ROOT = Path(__file__).parents[3]
PARAMS = ROOT / "params.yaml"


@pytest.mark.parametrize(
    ("scale", "relevant", "set_to"),
    [
        ([0, 10], 8, (0, 10, 8)),
        ([0.5, 5.0], None, (0.5, 5, 3.875)),
        (None, None, (1, 5, 4)),
        (None, 3.5, (1, 5, 3.5)),
    ],
)
def test_the_scale_is_set_and_the_training_left_as_it_is(
    tmp_path: Path, scale: Any, relevant: Any, set_to: Any
) -> None:
    params = tmp_path / "params.yaml"
    shutil.copy(PARAMS, params)
    assert set_params(params, scale, relevant) == set_to[2]
    events = load_section(params, "events", Events)
    assert (events.rating_min, events.rating_max) == set_to[:2]
    assert load_section(params, "evaluate", Evaluate).relevant_rating == set_to[2]
    for kind in ("svd", "svdpp"):
        assert load_train(params, kind) == load_train(PARAMS, kind)


@pytest.mark.parametrize("seconds", ["-1", "-0.5"])
def test_a_search_takes_seconds(seconds):
    with pytest.raises(BadInput, match="--search must be 0 or more seconds"):
        parse(["--ratings", "x", "--search", seconds])


def test_a_number_as_dvc_writes_it_stays_one(tmp_path: Path) -> None:
    """`dvc exp run -S train.svd.reg_bu=0.00001` writes 1e-05, which YAML 1.1 takes for a text."""
    copy = tmp_path / "params.yaml"
    copy.write_text(re.sub(r"(?m)reg_bu: .*", "reg_bu: 1e-05", PARAMS.read_text()))
    set_params(copy, None, None)
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
    done = replayed(tmp_path, "--ratings", str(ratings))
    measured = dict(
        re.findall(r"^ +(SVD|SVD\+\+|biases only) +(0\.\d+)", done.stdout, re.MULTILINE)
    )
    assert set(measured) == {"SVD", "SVD++", "biases only"}, done.stdout
    assert done.stdout.count("of two sets of values, ") == 2, done.stdout
    assert "scale: 1 to 5, the file's lowest rating" in done.stdout
    assert "a rating counts as good from 4 on" in done.stdout
    assert "200 users rated 60 movies; 0 more users only watched" in done.stdout
    assert re.search(r"1\d stages ran, 0 skipped", done.stdout), done.stdout
    assert "nothing changed" not in done.stdout
    [lists] = re.findall(r"every user's list: (.*)", done.stdout)
    command = lists.replace("python", sys.executable, 1).replace("lists.csv", f"{tmp_path}/l.csv")
    subprocess.run(command.split(), cwd=ROOT, check=True)
    assert len((tmp_path / "l.csv").read_text().splitlines()) > 200 * 10
    [folder] = re.findall(r"serve it: SERVICE_MODEL_DIR=(\S+) ", done.stdout)
    assert (ROOT / folder / "users.npy").is_file()


@pytest.mark.slow
@pytest.mark.broker
def test_a_saved_log_goes_through_as_its_check_said(tmp_path: Path) -> None:
    """Every line of a day that closed is stored or rejected there, as was said before the start."""
    life = Life(make_world(5, users=300, movies=200), lines_per_day=150_000)
    capture = tmp_path / "capture.log.gz"
    first = day_number("2025-11-01")
    lines = [line for part in log(life, first, 2, 4) for line in part.lines]
    capture.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines), 1))
    done = replayed(tmp_path, "--log", str(capture))
    said = dict(re.findall(r"(2025-11-0\d) \(([\d,]+) lines\)", done.stdout))
    rejected = int(re.findall(r"^ +rejected (\d+): ", done.stdout, re.MULTILINE)[0])
    [topic] = (WORKSPACE / "data").glob("replay-*")
    totals = {
        folder.name: json.loads((folder / "manifest.json").read_text())["totals"]
        for folder in (topic / "days").iterdir()
    }
    assert set(totals) == {"2025-11-01", "2025-11-02"}, "the third is broken off, and stays open"
    assert {day: f"{total['stored']:,}" for day, total in totals.items()} == {
        day: said[day] for day in totals
    }
    assert 0 < sum(total["rejected"] for total in totals.values()) <= rejected
    assert re.search(r"^ +SVD\+\+ +\d\.\d+", done.stdout, re.MULTILINE), done.stdout


def replayed(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A replay on a broker of its own."""
    with running(tmp_path / "broker") as broker:
        done = subprocess.run(
            [sys.executable, "-m", "infra.demo.replay", *arguments],
            cwd=ROOT,
            env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": broker.address},
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
