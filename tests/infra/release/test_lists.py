"""Every user's list in a file: what the service answers, whole or not there."""

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from infra.release import lists as program
from infra.simulator.table.ids import write_map
from movierec.dataset.matrix import Watchers
from movierec.dataset.vocabulary import Vocabulary
from movierec.errors import BadInput
from movierec.models.kernels.svdpp import fit
from movierec.models.modelfile import load_model
from movierec.models.saving import save_model
from movierec.models.uptaking import fit_uptake
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svdpp_params
from tests.inputs.uptake import HYPER

USERS, MOVIES = 70, 40


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with a small SVD++ in it, who takes up what, and one who only watched."""
    folder = tmp_path_factory.mktemp("models")
    train, watched = (random_ratings(USERS, MOVIES, share, n) for n, share in ((0, 0.2), (1, 0.3)))
    model = fit(train, svdpp_params(n_factors=3, n_epochs=2), watched=watched, scale=SCALE)
    watchers = Watchers(np.array([2]), np.array([0, 3]), np.array([1, 5, 30], np.int32))
    dataset = dataset_of(train, watched=watched, watchers=watchers)
    save_model(folder / "svdpp", model, dataset, {}, fit_uptake(dataset, HYPER, "float32"))
    return folder


def written(models, tmp_path, *options):
    output = tmp_path / "out/lists.parquet"
    command = ["--model", "svdpp", "--models", str(models), "--output", str(output)]
    assert program.main([*command, *options]) == 0
    assert list(output.parent.iterdir()) == [output], "no draft stays"
    return pq.read_table(output)


def test_a_name_that_ends_in_csv_gets_csv(models, tmp_path):
    expected = written(models, tmp_path)
    output = tmp_path / "lists.csv"
    command = ["--model", "svdpp", "--models", str(models), "--output", str(output)]
    assert program.main(command) == 0
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(r["user"]), int(r["rank"]), r["movie"]) for r in rows] == [
        (r["user"], r["rank"], r["movie"]) for r in expected.to_pylist()
    ]
    for name in program.SCORES:
        assert [float(row[name]) for row in rows] == expected[name].to_pylist()


def lists_of(table):
    """user → (movies in the order of their rank, what they were ranked by, ratings)."""
    found = {}
    for row in table.to_pylist():
        movies, scores, ratings = found.setdefault(row["user"], ([], [], []))
        movies.append(row["movie"])
        scores.append(row["score"])
        ratings.append(row["rating"])
        assert row["rank"] == len(movies)
    return found


def test_the_lists_are_what_the_service_answers(models, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "AT_ONCE", 16)
    found = lists_of(written(models, tmp_path))
    client = create_app(ServiceSettings(models / "svdpp"), load_model(models / "svdpp"))
    for user, listed in found.items():
        headers = {"Accept": "application/json"}
        said = client.test_client().get(f"/recommend/{user}", headers=headers).get_json()
        assert (*listed, "model") == tuple(
            said[key] for key in ("ids", "scores", "ratings", "tier")
        )
    assert len(found) == USERS + 1
    assert pq.ParquetFile(tmp_path / "out/lists.parquet").num_row_groups == 5


@pytest.mark.parametrize("k", [1, 7, 30, 100])
def test_k_movies_a_list_the_first_ones_the_same(models, tmp_path, k):
    table = written(models, tmp_path, "--k", str(k))
    usual = lists_of(written(models, tmp_path))
    model = load_model(models / "svdpp")
    for user, (movies, _, _) in lists_of(table).items():
        u = Vocabulary(model.users).find(user)
        seen = model.seen_by_watcher(0) if u is None else model.seen_of(u)
        assert len(movies) == min(k, MOVIES - len(seen))
        assert movies[:20] == usual[user][0][:k]
    assert table.schema.metadata == {b"model": b"svdpp", b"data_hash": b"hash", b"k": b"%d" % k}


def test_the_ids_are_those_of_the_table_that_was_replayed(models, tmp_path):
    usual = lists_of(written(models, tmp_path))
    write_map(tmp_path / "ids/movies.csv", {"Movie 7 (2001)": "movie+007+2001"})
    write_map(tmp_path / "ids/users.csv", {"A1": "1", "B2": "4"})
    found = lists_of(written(models, tmp_path, "--ids", str(tmp_path / "ids")))
    named_users = {"1": "A1", "4": "B2"}
    assert list(found) == [named_users.get(str(user), str(user)) for user in usual]
    named = [
        ["Movie 7 (2001)" if movie == "movie+007+2001" else movie for movie in movies]
        for movies, *_ in usual.values()
    ]
    assert [movies for movies, *_ in found.values()] == named
    assert any("Movie 7 (2001)" in movies for movies in named)


def test_what_was_there_stays_when_writing_ends_early(models, tmp_path, monkeypatch):
    before = written(models, tmp_path, "--k", "3")
    monkeypatch.setattr(program, "AT_ONCE", 16)
    written_so_far = []
    scores_of = program.scores_of

    def broken(recommender, given):
        written_so_far.append(given)
        if len(written_so_far) > 40:
            raise RuntimeError("the machine stops")
        return scores_of(recommender, given)

    monkeypatch.setattr(program, "scores_of", broken)
    with pytest.raises(RuntimeError):
        written(models, tmp_path)
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out/lists.parquet"]
    assert pq.read_table(tmp_path / "out/lists.parquet").equals(before)


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--k", "0"], "--k must be"),
        (["--ids", "nowhere"], "nowhere: no such folder"),
        (["--output", "lists.csv.gz"], r"--output lists\.csv\.gz: .*ends in \.parquet or \.csv"),
        (["--output", "lists"], r"--output lists: expected"),
    ],
)
def test_nonsense_is_refused_by_name(models, tmp_path, options, reason):
    with pytest.raises(BadInput, match=reason):
        written(models, tmp_path, *options)
    assert not (tmp_path / "out").exists()
