"""Whether the data of releases is where it should be, told object by object."""

import pytest

from infra.repository import git
from tests.infra.release.project import Project
from tests.infra.release.test_register import damaged


def test_every_object_of_every_release_is_proved(trained: Project) -> None:
    assert trained.release("verify").status == 0, "no release, nothing to prove"
    assert trained.release("register").status == 0
    whole = trained.release("verify")
    assert whole.status == 0, whole
    assert [line.split() for line in whole.output.splitlines()[1:3]] == [
        ["svd@v1.0.0", "11", "11", "whole"],
        ["svdpp@v1.0.0", "11", "11", "whole"],
    ]
    read = sum(path.stat().st_size for path in trained.objects(trained.store))
    assert f"{read:,} bytes read" in whole.output, "each of them once"
    assert git(trained.work, "status", "--porcelain") == ""


@pytest.mark.slow
def test_what_is_damaged_or_missing_is_named(trained: Project) -> None:
    assert trained.release("register").status == 0
    objects = trained.objects(trained.store)
    file, folder = (
        next(p for p in objects if p.name.endswith(".dir") is ends) for ends in (False, True)
    )
    with damaged(file):
        done = trained.release("verify", "svdpp@v1.0.0")
    assert (done.status, f"damaged: {file} (" in done.output) == (1, True), done
    assert done.output.splitlines()[1].split() == ["svdpp@v1.0.0", "11", "10", "not", "whole"]
    with damaged(folder):
        done = trained.release("verify")
    assert (done.status, f"damaged: {folder} (" in done.output) == (1, True), done
    file.unlink()
    done = trained.release("verify")
    assert (done.status, f"missing: {file} (" in done.output) == (1, True), done


def test_what_was_taken_back_need_not_be_there_and_what_is_no_release_is_told(
    trained: Project,
) -> None:
    assert trained.release("register").status == 0
    git(trained.work, "tag", "svd@v1.0.0!")
    assert "svd@v1.0.0" not in trained.release("verify").output
    done = trained.release("verify", "svd@v9.0.0")
    assert (done.status, "no tag svd@v9.0.0" in done.output) == (2, True), done


def test_a_bare_repository_inside_another_project_is_not_that_project(trained: Project) -> None:
    assert trained.release("register").status == 0
    git(trained.work, "clone", "--quiet", "--bare", ".", "bare.git")
    done = trained.release("verify", "--repo", str(trained.work / "bare.git"))
    assert (done.status, "a clone with a work tree by --repo" in done.output) == (2, True), done


def test_a_clone_without_tags_proves_those_of_the_origin(trained: Project) -> None:
    """Such a one Jenkins makes: nothing to prove would be told as all being well."""
    assert trained.release("register").status == 0
    for tag in trained.tags():
        git(trained.work, "tag", "--delete", tag)
    done = trained.release("verify")
    assert (done.status, done.output.count(" whole")) == (0, 2), done
    git(trained.work, "remote", "set-url", "origin", "../gone.git")
    gone = trained.release("verify")
    assert (gone.status, "gone.git" in gone.output) == (2, True), gone
