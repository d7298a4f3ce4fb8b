"""What the benchmark of lists measures is what it says: the peers' formulas, the choice among them,
a peer that is not there, and ours by the pipeline's own code."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import Dataset, rows_of
from movierec.dataset.scale import Events
from movierec.errors import BadInput
from movierec.models.popularity import popularity
from tests.bench import bench_lists
from tests.bench.bench_lists import PARAMS, Row, line, main, of_kind, of_peer
from tests.bench.list_data import of_file, of_generated
from tests.bench.list_peers import PEERS, fit_ease, taken_up
from tests.inputs.datasets import build
from tests.inputs.ratings import dataset_of, random_ratings

EVENTS = Events(1.0, 5.0)
PREPROCESS = Preprocess("global_time", 0.4, 1, 1, 1)


@pytest.fixture
def dataset() -> Dataset:
    return dataset_of(random_ratings(60, 30, 0.2), random_ratings(60, 30, 0.05, seed=1))


def test_a_file_is_split_and_pruned_as_days_are(tmp_path: Path) -> None:
    """A rating that was replaced after the cut still trains; the order of lines says nothing."""
    file = tmp_path / "ratings.dat"
    file.write_text(
        "7::heat::5::50\n7::heat::2::10\n3::alien::4::20\n3::heat::1::40\n9::up::3::30\n"
    )
    made, facts = build(of_file(file, EVENTS), PREPROCESS, EVENTS)
    assert made.movies.tolist() == [b"alien", b"heat", b"up"]
    assert made.users.tolist() == [3, 7, 9]
    assert made.train.toarray().tolist() == [[4, 0, 0], [0, 2, 0], [0, 0, 3]]
    assert made.validation.toarray().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert made.watched.nnz == facts["watchers"] == 0
    with pytest.raises(BadInput, match=r"line 1, .*: rating 5 is outside the scale 1 to 4"):
        of_file(file, Events(1.0, 4.0))


def test_generated_ratings_are_the_same_each_time_and_can_be_split_by_time() -> None:
    (one, events), (other, _) = of_generated(), of_generated()
    assert (one.days[0].rating == other.days[0].rating).all()
    made, _ = build(one, replace(PREPROCESS, min_users_per_movie=2), events)
    assert made.train.nnz > made.validation.nnz > 10_000


def test_ease_is_the_minimum_under_its_constraint(dataset: Dataset) -> None:
    """|N − N B|² + λ|B|² with zeros on B's diagonal: no gradient is left but there."""
    N, reg = taken_up(dataset), 3.0
    X = N.toarray().astype(np.float64)
    scores = fit_ease(N, reg)
    B = np.linalg.pinv(X) @ np.stack([scores(u) for u in range(len(X))])
    np.testing.assert_allclose(np.diag(B), 0, atol=1e-9)
    gradient = X.T @ (X @ B - X) + reg * B
    np.fill_diagonal(gradient, 0)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_of_what_a_peer_may_choose_the_best_is_shown(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = popularity(dataset).astype(float)
    fits = {"worst": lambda: lambda u: -counts, "best": lambda: lambda u: counts}
    monkeypatch.setattr(bench_lists, "PEERS", {"peer": lambda dataset, days: fits})
    assert of_peer("peer", dataset, PARAMS, 0.0).name == "best"
    fits["worst"] = fits.pop("best")
    assert of_peer("peer", dataset, PARAMS, 0.0).name == "worst"


def test_a_peer_that_is_not_installed_says_how_to_install_it(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "implicit", None)
    row = of_peer("implicit's ALS", dataset, PARAMS, 0.0)
    assert row.measures == {}
    assert "pip install -r tests/bench/requirements.txt" in line(row, 1)
    assert line(row, 1).count("|") == line(
        Row("x", {"recall": 1, "ndcg": 1, "coverage": 1}), 1
    ).count("|")


def test_ours_are_judged_by_rating_by_uptake_and_by_both(dataset: Dataset) -> None:
    rows, seconds = of_kind("svd", dataset, PARAMS, trend=7.0)
    assert [row.name for row in rows] == [
        "SVD, by rating alone",
        "uptake alone",
        "**SVD**",
        "**SVD**, trend of 7 days",
    ]
    assert set(seconds) == {"SVD", "uptake"}
    assert len({tuple(row.measures.values()) for row in rows[:3]}) == 3
    assert [row.name for row in of_kind("svdpp", dataset, PARAMS, trend=0.0)[0]] == [
        "SVD++, by rating alone",
        "**SVD++**",
    ]


@pytest.mark.slow
def test_a_table_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = random_ratings(200, 60, 0.2)
    rows = zip(rows_of(ratings), ratings.indices, ratings.data, strict=True)
    text = [f"{u + 1}::m{i}::{r:g}::{1_000 * n}\n" for n, (u, i, r) in enumerate(rows)]
    (tmp_path / "ratings.dat").write_text("".join(text))
    options = ["--ratings", str(tmp_path / "ratings.dat"), "--split", "per_user_time"]
    assert main(options) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert table[0] == "| | recall@20 | NDCG@20 | coverage | seconds | MB |"
    names = [row.split(" | ")[0] for row in table[2:]]
    assert len(names) == len(PEERS) + 5
    assert "| popularity, 7 days" in names
    assert len({row.count("|") for row in table}) == 1
