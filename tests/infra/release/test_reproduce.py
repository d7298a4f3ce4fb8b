"""A release made again from its tag and inputs."""

import shutil
from pathlib import Path

import pytest

from infra.release.reproduce import by_chance
from infra.repository import git
from tests.infra.release.project import Project

pytestmark = pytest.mark.slow


def test_a_release_whose_days_are_gone_comes_out_the_same(trained: Project, tmp_path: Path) -> None:
    assert trained.release("register").status == 0
    shutil.rmtree(trained.work / "data/movielog")
    shutil.rmtree(trained.work / ".dvc/cache")
    trained.write("params.yaml", "train: {}\n")  # the work tree is another by now
    before = git(trained.work, "status", "--porcelain")
    done = trained.release("reproduce", "svd@v1.0.0", "--keep", str(tmp_path / "again"))
    assert (done.status, "svd@v1.0.0: SAME, 8 outputs" in done.output) == (0, True), done
    assert git(trained.work, "status", "--porcelain") == before
    assert (tmp_path / "again/work/models/svd/rows").is_file()
    assert not (tmp_path / "again/work/data/movielog").exists()


def test_outputs_that_differ_are_named_and_inputs_must_be_there(trained: Project) -> None:
    train = trained.work / "stages/train.sh"
    train.write_text(train.read_text() + "date +%N > models/$1/time\n")
    git(trained.work, "commit", "--quiet", "--all", "--message", "Write the time down")
    trained.repro()
    assert trained.release("register").status == 0
    done = trained.release("reproduce", "svd@v1.0.0")
    assert (done.status, "svd@v1.0.0: DIFFERENT" in done.output) == (1, True), done
    differ = [line.split(":")[0] for line in done.output.splitlines()[1:]]
    assert differ == ["models/svd", "models/svdpp"]
    shutil.rmtree(trained.store)
    gone = trained.release("reproduce", "svd@v1.0.0")
    assert (gone.status, "dvc pull in a clone of the tag" in gone.output) == (2, True), gone


def test_one_by_chance_is_every_one_in_the_end_but_for_those_taken_back(trained: Project) -> None:
    none = trained.release("reproduce", "--any")
    assert (none.status, "no release to make again" in none.output) == (0, True), none
    assert trained.release("register").status == 0
    git(trained.work, "tag", "svd@v1.0.1", "svd@v1.0.0^{}")
    git(trained.work, "tag", "svdpp@v1.0.0!", "svdpp@v1.0.0^{}")
    assert {by_chance(trained.work) for _ in range(200)} == {"svd@v1.0.0", "svd@v1.0.1"}


def test_by_chance_is_one_of_the_origin_in_a_clone_without_tags(trained: Project) -> None:
    assert trained.release("register").status == 0
    for tag in trained.tags():
        git(trained.work, "tag", "--delete", tag)
    done = trained.release("reproduce", "--any")
    assert (done.status, ": SAME" in done.output) == (0, True), done
