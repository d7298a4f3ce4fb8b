"""Candidates are compared with what is in production, by the gate itself."""

import json
import sys
from pathlib import Path

import pytest

from infra.release import incumbent
from infra.repository import git
from movierec.yamlfile import read_yaml
from tests.infra.release.project import Project
from tests.infra.release.shop import promoted

ROOT = Path(__file__).resolve().parents[3]
ONE, TWO = "svd@v1.0.0", "svd@v1.1.0"
LIMITS = """\
gate:
  min_validation_ratings: 10
  min_judged_users: 10
  min_rmse_gain: 0.01
  max_rmse_loss: 0.02
  min_coverage: 0.5
  min_recall_gain: 0
"""


def written(project: Project) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((project.work / incumbent.FILE).read_text())
    return found


def test_it_has_what_is_in_production_as_it_was_released(sold: Project) -> None:
    done = sold.release("incumbent")
    assert (done.status, written(sold)) == (0, {}), done
    promoted(sold, TWO)
    done = sold.release("incumbent")
    said = f"svd: {TWO} is in production\nsvdpp: nothing is in production\n"
    assert (done.status, done.output) == (0, said), done
    assert written(sold) == {
        "svd": {
            "version": "v1.1.0",
            "metrics": {"rmse": 0.92, "coverage": 1.0},
            "baselines": {"biases": {"rmse": 1.0}},
        }
    }


def test_it_asks_the_origin_and_leaves_a_file_that_is_right(sold: Project) -> None:
    promoted(sold, ONE)
    git(sold.work, "tag", "--delete", "svd#prod#1")  # as in a clone from before
    assert sold.release("incumbent").status == 0
    assert written(sold)["svd"]["version"] == "v1.0.0"
    file = sold.work / incumbent.FILE
    before = file.stat()
    assert sold.release("incumbent").status == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_release_that_was_taken_back_is_none(sold: Project) -> None:
    promoted(sold, ONE, TWO)
    git(sold.work, "tag", "-a", "-m", "bad", f"{TWO}!", f"{TWO}^{{commit}}")
    git(sold.work, "push", "--quiet", "origin", f"{TWO}!")
    assert sold.release("incumbent").status == 0
    assert written(sold)["svd"]["version"] == "v1.0.0"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("rm -q metrics/svd.json", "no metrics/svd.json to be compared with"),
        ("rm -q reports/baselines.json", "no reports/baselines.json to be compared with"),
        ("mv -f reports/baselines.json metrics/svd.json", "rmse is None, expected a number"),
    ],
)
def test_what_cannot_be_compared_with_stops_the_night(sold: Project, change: str, why: str) -> None:
    git(sold.work, *change.split())
    if change.startswith("mv"):
        sold.write("reports/baselines.json", "{}")
    sold.commit("Break it")
    git(sold.work, "tag", "-a", "-m", "by hand", "svd@v2.0.0")
    git(sold.work, "push", "--quiet", "--tags", "origin", "main")
    promoted(sold, "svd@v2.0.0")
    done = sold.release("incumbent")
    assert (done.status, why in done.output) == (2, True), done
    assert not (sold.work / incumbent.FILE).exists()


def measure(project: Project, rmse: float) -> None:
    """What `evaluate` will find of both models, as the gate reads it."""
    judged = {"validation_ratings": 500, "validation_users": 80, "ranked_users": 40}
    interval = {
        "rating_values": 5,
        "rmse_gain_share_interval": [1 - rmse - 0.001, 1 - rmse + 0.001],
    }
    for kind in ("svd", "svdpp"):
        metrics = {"rmse": rmse, "coverage": 1.0, "recall": 0.5}
        project.write(f"measured/metrics/{kind}.json", json.dumps(metrics))
        project.write(f"measured/reports/{kind}.json", json.dumps(judged | interval))


@pytest.fixture
def judged(trained: Project) -> Project:
    """A project whose gate is the real one, on measures that are given to it."""
    pipeline = read_yaml(trained.work / "dvc.yaml", "")
    stages, files = pipeline["stages"], ["metrics/svd.json", "metrics/svdpp.json"]
    baselines = {"biases": {"rmse": 1.0}, "popularity": {"recall": 0.4}}
    trained.write("measured/baselines.json", json.dumps(baselines))
    trained.write("measured/reports/preprocess.json", "{}")
    params = (trained.work / "params.yaml").read_text()
    trained.write("params.yaml", f"{params}{LIMITS}")
    stages["evaluate"]["do"] = {
        "cmd": "mkdir -p metrics && cp measured/metrics/${item}.json metrics/",
        "deps": ["models/${item}", "measured/metrics/${item}.json"],
        "metrics": [{"metrics/${item}.json": {"cache": False}}],
    }
    stages["baselines"] = {
        "cmd": "mkdir -p reports && cp measured/baselines.json reports/",
        "deps": ["measured/baselines.json"],
        "outs": [{"reports/baselines.json": {"cache": False}}],
    }
    stages["gate"] = {
        "cmd": f"{sys.executable} {ROOT}/stages/gate.py {' '.join(files)} --reports "
        "measured/reports --baselines reports/baselines.json --incumbent data/incumbent.json "
        "--report reports/gate.json",
        "deps": [*files, "measured/reports", "reports/baselines.json", incumbent.FILE],
        "params": ["gate"],
        "outs": [{"reports/gate.json": {"cache": False}}],
    }
    trained.write("dvc.yaml", json.dumps(pipeline))
    ignored = (trained.work / ".gitignore").read_text()
    kept = "!/data/incumbent.json\n!/reports/baselines.json\n"
    trained.write(".gitignore", ignored + kept)
    return trained


def night(project: Project, rmse: float) -> tuple[int, str]:
    """Retrain and register, as measured; how `register` ended."""
    measure(project, rmse)
    git(project.work, "add", "measured", "params.yaml", "dvc.yaml", ".gitignore")
    if git(project.work, "status", "--porcelain", "measured", "dvc.yaml"):
        git(project.work, "commit", "--quiet", "--message", "Measure")
    assert project.release("incumbent").status == 0
    project.repro()
    done = project.release("register")
    return done.status, done.output


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_candidate_is_refused_that_is_worse_than_what_is_in_production(judged: Project) -> None:
    """Two releases, the second in production: the third is refused by the gate because of it."""
    day = "data/movielog/days/2026-11-02/lines"
    status, output = night(judged, 0.95)
    assert status == 0, output
    assert judged.release("promote", ONE).status == 0
    judged.write(day, "other lines\n")
    status, output = night(judged, 0.9)
    assert status == 0 and "svd@v1.0.1: released (other data)" in output, output
    tree = git(judged.origin, "ls-tree", "-r", "--name-only", "svd@v1.0.1").split()
    assert incumbent.FILE in tree, "what the gate compared with is in the release"
    assert judged.release("promote", "svd@v1.0.1").status == 0

    lock = read_yaml(judged.work / "dvc.lock", "")["stages"]
    assert judged.release("incumbent").status == 0
    judged.repro()
    after = read_yaml(judged.work / "dvc.lock", "")["stages"]
    assert [name for name in after if after[name] != lock[name]] == ["gate"]

    judged.write(day, "worse lines\n")
    status, output = night(judged, 0.95)
    verdict = json.loads((judged.work / "reports/gate.json").read_text())
    assert verdict["svd"]["incumbent"] == "v1.0.1"
    assert "5.56% worse than the incumbent's" in verdict["svd"]["reasons"][0]
    assert verdict["svdpp"]["pass"] is True, "none of it is in production"
    assert "svd: refused by the gate: rmse relative" in output
    assert "svd@v1.0.2" not in judged.tags() and "svdpp@v1.0.2" in judged.tags()


@pytest.mark.slow
def test_what_was_rolled_back_from_is_no_release_of_the_next_night(judged: Project) -> None:
    assert night(judged, 0.95)[0] == 0
    judged.write("data/movielog/days/2026-11-02/lines", "other lines\n")
    assert night(judged, 0.9)[0] == 0
    for kind in ("svd", "svdpp"):
        for version in ("v1.0.0", "v1.0.1"):
            assert judged.release("promote", f"{kind}@{version}").status == 0
    assert judged.release("rollback", "svd", "--no-deploy").status == 0
    status, output = night(judged, 0.9)
    assert (status, "svdpp@v1.0.1: released before, all is done" in output) == (0, True), output
    assert "svd@v1.0.1: released before and rolled back from: stays out" in output
    assert judged.release("rollback", "svdpp", "--no-deploy").status == 0
    status, output = night(judged, 0.9)
    assert (status, output.count("stays out of production")) == (1, 2), output
