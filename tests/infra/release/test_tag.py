"""Which commit a release's name stands for, and which names stand for none."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.release.tag import resolve
from movierec.errors import BadInput

WHEN = {"GIT_COMMITTER_DATE": "2026-11-04T05:06:07+02:00"}


def run(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments]
    environment = ["env", *(f"{name}={value}" for name, value in WHEN.items())]
    done = subprocess.run([*environment, *command], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One whose first commit is `svd@v1.4.0`, an annotated tag, and whose second is later."""
    folder = tmp_path / "repository"
    folder.mkdir()
    run(folder, "init", "--quiet")
    run(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    run(folder, "tag", "-a", "-m", "registered", "svd@v1.4.0")
    run(folder, "commit", "--quiet", "--allow-empty", "--message", "second")
    return folder


def test_a_tag_is_a_commit_a_kind_a_version_and_an_image(repository: Path) -> None:
    tag = resolve(repository, "svd@v1.4.0")
    assert (tag.name, tag.kind, tag.version) == ("svd@v1.4.0", "svd", "v1.4.0")
    assert tag.commit == run(repository, "rev-parse", "HEAD~")
    assert tag.image == "movierec:svd-v1.4.0"
    assert tag.committed == datetime(2026, 11, 4, 3, 6, 7, tzinfo=UTC)


def test_a_tag_without_a_message_is_one_too(repository: Path) -> None:
    run(repository, "tag", "svdpp@v0.10.0")
    assert resolve(repository, "svdpp@v0.10.0").commit == run(repository, "rev-parse", "HEAD")


def test_a_branch_of_the_same_name_changes_nothing(repository: Path) -> None:
    run(repository, "branch", "svd@v1.4.0", "HEAD")
    assert resolve(repository, "svd@v1.4.0").commit == run(repository, "rev-parse", "HEAD~")


def test_a_bare_repository_has_them_too(repository: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare.git")
    assert resolve(tmp_path / "bare.git", "svd@v1.4.0") == resolve(repository, "svd@v1.4.0")


@pytest.mark.parametrize(
    "name",
    [
        "svd",
        "svd@1.4.0",
        "svd@v1.4",
        "svd@v01.4.0",
        "svd@v1.4.0-dirty",
        "svd@v1.4.0!",
        "svd@v1.4.0\n",
        "svd#prod",
        "SVD@v1.4.0",
        "knn@v1.4.0",
        "refs/tags/svd@v1.4.0",
        "HEAD",
        "--all",
        "",
    ],
)
def test_any_other_name_is_refused_with_what_is_expected(repository: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"is no release: expected svd or svdpp, .* svd@v1\.4\.0"):
        resolve(repository, name)


def test_a_tag_that_is_not_there_and_where_one_may_be(repository: Path) -> None:
    run(repository, "branch", "svd@v2.0.0")  # a branch is no tag
    with pytest.raises(BadInput, match=r"no tag svd@v2\.0\.0 .*`git fetch --tags`"):
        resolve(repository, "svd@v2.0.0")


def test_a_tag_of_no_commit(repository: Path) -> None:
    tree = run(repository, "rev-parse", "HEAD^{tree}")
    run(repository, "tag", "svd@v3.0.0", tree)
    with pytest.raises(BadInput, match=r"no tag svd@v3\.0\.0 of a commit"):
        resolve(repository, "svd@v3.0.0")


def test_a_version_that_was_taken_back(repository: Path) -> None:
    run(repository, "tag", "svd@v1.4.0!")  # as `gto deregister` does
    with pytest.raises(BadInput, match=r"svd@v1\.4\.0 was taken back"):
        resolve(repository, "svd@v1.4.0")


@pytest.mark.parametrize("place", ["inside", "nowhere", ".git"])
def test_a_folder_in_a_repository_is_not_that_repository(repository: Path, place: str) -> None:
    (repository / "inside").mkdir()
    if place == ".git":
        assert resolve(repository / place, "svd@v1.4.0").kind == "svd"
    else:
        with pytest.raises(BadInput, match="not the top of a git repository"):
            resolve(repository / place, "svd@v1.4.0")
