"""What the benchmark of attacks says is so: in a small world they move lists, weights undo it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from infra.simulator.attacks import Attack, plant
from movierec.dataset.assemble import Preprocess
from movierec.params import load_section
from tests.bench.attacked_data import columns, last_of_each, of_file, simulated, window_of
from tests.bench.bench_shilling import (
    PARAMS,
    Outcome,
    Trial,
    at_scale,
    line,
    parse,
    sides_of,
    table,
)
from tests.inputs.datasets import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(simulated(1_200, 250, 5, 500_000, seed=3), "svd")


def test_the_window_holds_what_was_rated_and_watched_and_the_attack(trial: Trial) -> None:
    ground = trial.ground
    planted = plant(ground.ratings, ground.movies, ground.scale, Attack("random", "push", 0.1, 8))
    params = load_section(PARAMS, "preprocess", Preprocess)
    params = replace(params, min_users_per_movie=1)
    honest, events = window_of(ground)
    plain, facts = build(honest, params, events)
    dropped = facts["pruned"]["validation_pairs"]
    assert plain.train.nnz + plain.validation.nnz + dropped == len(ground.ratings)
    both, facts = build(window_of(ground, planted)[0], params, events)
    dropped = facts["pruned"]["validation_pairs"]
    added = both.train.nnz + both.validation.nnz + dropped - len(ground.ratings)
    assert added == len(planted.ratings)
    bad, low, aims = sides_of(both, planted)
    assert bad.sum() == len(planted.users) and not low.any()
    assert 0.6 * bad.sum() < (bad & aims).sum() < bad.sum()


@pytest.mark.parametrize("side", ["push", "nuke"])
@pytest.mark.parametrize("kind", ["random", "average", "bandwagon", "burst"])
def test_an_attack_moves_lists_and_weights_undo_it(trial: Trial, kind: str, side: str) -> None:
    attack = Attack(kind, side, 0.05, trial.ground.fillers, seed=1)
    outcome = trial.judge(attack)
    print(line(attack, outcome))
    assert outcome.found >= 0.9
    assert outcome.alarms <= 0.01
    if side == "push":
        assert outcome.attacked > outcome.before + 0.02
    moved, left = (abs(hits - outcome.before) for hits in (outcome.attacked, outcome.weighed))
    assert left <= 0.3 * moved + 0.02


def test_without_an_attack_nothing_changes(trial: Trial) -> None:
    guarded = trial.train(trial.dataset(None, on=True), None)
    assert guarded.dataset.weights is None
    assert guarded.error == trial.clean.error
    assert np.array_equal(guarded.lists, trial.clean.lists)


def test_a_search_alone_has_a_row_a_seed_with_whom_it_found_and_no_hits(trial: Trial) -> None:
    words = [
        "--search",
        "--seeds",
        "2",
        "3",
        "--shares",
        "0.05",
        "--sides",
        "nuke",
        "--attacks",
        "burst",
    ]
    rows = [row for row in table(trial, parse(words)) if "burst" in row]
    attacks = [
        Attack("burst", "nuke", 0.05, trial.ground.fillers, watches, seed)
        for watches in (False, True)
        for seed in (2, 3)
    ]
    full = trial.judge(attacks[0])
    bare = replace(full, before=float("nan"), attacked=float("nan"), weighed=float("nan"))
    assert rows[0] == line(attacks[0], bare) and rows[0].endswith("% |  |  |  |")
    assert [row.split("|")[1].strip() for row in rows] == ["2", "3", "2", "3"]
    assert rows == [line(attack, trial.judge(attack, search=True)) for attack in attacks]


def test_a_file_of_ratings_is_a_background_too(tmp_path: Path) -> None:
    file = tmp_path / "ratings.dat"
    file.write_text("7::heat::5::50\n7::heat::2::10\n3::alien::4::20\n3::heat::1::40\n")
    ground = of_file(file)
    user, movie, rating, time = columns(ground.ratings)
    assert sorted(zip(user.tolist(), rating.tolist(), time.tolist(), strict=True)) == [
        (3, 1.0, 40), (3, 4.0, 20), (7, 5.0, 50)]  # fmt: skip
    assert ground.scale == (1.0, 5.0) and ground.movies == 2
    twice = last_of_each(user, movie, rating, time, 2)
    assert all(
        np.array_equal(a, b) for a, b in zip(columns(twice), columns(ground.ratings), strict=True)
    )


def test_the_search_is_measured_and_a_row_shows_what_was_measured() -> None:
    assert "100,000 ratings by 943 users" in at_scale("100k")
    row = line(Attack("burst", "nuke", 0.03, 5, True, 4), Outcome(1, 0.5, 0.001, 0.25, 0.1, 0.2))
    assert row == "| 4 | burst nuke | 3% | yes | 1.00 | 0.50 | 0.10% | 0.250 | 0.100 | 0.200 |"
    assert yaml.safe_load(PARAMS.read_text())["shilling"]["weight"] < 1
