"""The verb on releases of real models, whose data the DVC remote alone has."""

import json
import re
import shutil
import sys

import pytest

from infra.release.card import earlier, main
from infra.release.tag import resolve
from movierec.errors import BadInput, CorruptFile, Unavailable
from movierec.models.kernels import svd
from movierec.models.saving import save_model
from tests.infra.release.cards.made import BASELINES, METRICS, VERDICT, Repository
from tests.infra.release.tagged import run, tag
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params

pytestmark = pytest.mark.slow
PIPELINE = """\
stages:
  train:
    cmd: rm -rf plots && mkdir -p models reports plots && cp -r given/model models/svd &&
      cp given/report reports/svd.json && cp -r given/plots plots/svd
    deps: [given, code.py]
    params: [train.svd]
    outs: [models/svd, reports/svd.json, plots/svd/epochs.csv, plots/svd/activity.csv,
      plots/svd/distribution.csv]
artifacts:
  svd: {path: models/svd, type: model}
"""
IGNORED = "/models\n/reports/svd.json\n/plots\n"
PLOTS = {
    "epochs": "epoch,train_rmse\n1,1.0\n2,0.5\n",
    "activity": "user_ratings,rmse\n1,1.25\n",
    "distribution": "rating,actual,predicted\n1,0.5,0.25\n",
}


def release(repository: Repository, version: str, factors: int, users: int) -> None:
    """Train, commit, push and tag one."""
    given = repository.folder / "given"
    shutil.rmtree(given, ignore_errors=True)
    train = random_ratings(users, 60, 0.3)
    model = svd.fit(train, svd_params(n_factors=factors), scale=SCALE)
    save_model(given / "model", model, dataset_of(train), {})
    report = {"rmse_interval": [0.6, 0.8], "confidence": 0.95}
    repository.write("given/report", report)
    for name, text in PLOTS.items():
        repository.write(f"given/plots/{name}.csv", text)
    files = {
        "dvc.yaml": PIPELINE,
        "params.yaml": f"train:\n  svd: {{n_factors: {factors}}}\n",
        "code.py": "rate = 1\n",
        "data/window.yaml": f'days: ["2026-11-0{factors}"]\nwritten: "2026-11-09"\n',
        "metrics/svd.json": METRICS | {"rmse": 0.6 + factors / 100},
        "reports/baselines.json": BASELINES,
        "reports/gate.json": {"svd": VERDICT},
    }
    for name, content in files.items():
        repository.write(name, content)
    run(repository.folder, sys.executable, "-m", "dvc", "repro", "--quiet")
    run(repository.folder, sys.executable, "-m", "dvc", "push", "--quiet")
    repository.write(".gitignore", IGNORED)
    tag(repository.folder, f"svd@{version}")


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A repository with two releases; its cache is gone."""
    folder = tmp_path_factory.mktemp("card") / "work"
    folder.mkdir()
    repository = Repository(folder)
    repository.write(".gitignore", IGNORED)
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    store = str(folder.parent / "store")
    run(folder, sys.executable, "-m", "dvc", "remote", "add", "-q", "--default", "store", store)
    release(repository, "v1.0.0", factors=4, users=40)
    release(repository, "v1.1.0", factors=5, users=80)
    shutil.rmtree(folder / ".dvc/cache")
    return folder


def card(folder, capsys, *options: str) -> str:
    assert main([*options, "--repo", str(folder)]) == 0
    return capsys.readouterr().out


def test_it_tells_what_a_release_changed(released, capsys) -> None:
    told = card(released, capsys, "svd@v1.1.0")
    assert "| train.svd.n_factors | 4 | 5 |" in told
    assert "came: 2026-11-05; went: 2026-11-04" in told
    assert "| RMSE | 0.6500 (0.6000 to 0.8000) | 0.6400 (0.6000 to 0.8000) | +0.0100 |" in told
    rows = re.findall(r"^\| (\d+) \| (model[^|]*) \| (\d+) of 20 \|", told, re.MULTILINE)
    assert 0 < len(rows) <= 50
    assert "model, before popular" in {tier for _, tier, _ in rows}
    assert told == card(released, capsys, "svd@v1.1.0"), "the same tags make the same card"


def test_a_page_is_written_and_is_the_same_again(released, capsys, tmp_path) -> None:
    pages = []
    for name in ("one.html", "other.html"):
        said = card(released, capsys, "svd@v1.1.0", "--html", "--output", str(tmp_path / name))
        assert said == f"svd@v1.1.0: {tmp_path / name}\n"
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert "svd@v1.0.0" in pages[0]


def test_the_first_release_stands_alone_or_beside_a_later_one(released, capsys) -> None:
    assert "the first release" in card(released, capsys, "svd@v1.0.0")
    assert "beside svd@v1.1.0" in card(released, capsys, "svd@v1.0.0", "--beside", "svd@v1.1.0")
    with pytest.raises(BadInput, match="name another release of svd"):
        card(released, capsys, "svd@v1.0.0", "--beside", "svd@v1.0.0")


def test_a_release_that_was_taken_back_is_none_to_stand_beside(released, tmp_path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(released, folder)
    assert earlier(folder, resolve(folder, "svd@v1.1.0")) == ["svd@v1.0.0"]
    run(folder, "git", "tag", "svd@v1.0.0!")
    assert earlier(folder, resolve(folder, "svd@v1.1.0")) == []


@pytest.fixture
def store(released):
    """The remote, put back afterwards."""
    place = released.parent / "store"
    kept = place.with_name("kept")
    shutil.copytree(place, kept)
    yield place
    shutil.rmtree(place, ignore_errors=True)
    kept.rename(place)


def test_a_remote_that_is_gone_is_named(released, capsys, store) -> None:
    shutil.rmtree(store)
    with pytest.raises(Unavailable, match="the DVC remote `store`"):
        card(released, capsys, "svd@v1.1.0")


def test_a_damaged_object_is_no_part_of_a_card(released, capsys, store) -> None:
    for path in store.rglob("*"):
        if path.is_file() and b"rmse_interval" in path.read_bytes():
            path.chmod(0o644)
            path.write_text(json.dumps({"rmse_interval": [0.1, 0.2], "confidence": 0.95}))
    with pytest.raises(CorruptFile, match="is damaged"):
        card(released, capsys, "svd@v1.1.0")
