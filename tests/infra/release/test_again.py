"""What is kept of a release is what its dvc.lock says, whenever it is taken; how it is asked is
tried in test_makers.py, and by real releases in test_explain_live.py."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.release import again
from infra.release.package import Locked, md5_of_folder
from infra.release.tag import Tag
from infra.repository import git
from movierec.errors import Unavailable

TAG = Tag("svd@v1.0.0", "svd", "v1.0.0", "c0ffee", datetime(2026, 11, 1, tzinfo=UTC))


class Remote:
    """Has one model, and counts how often it is fetched."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.fetched, self.gone = folder / "remote", 0, False
        self.folder.mkdir()
        (self.folder / "users.npy").write_bytes(b"users")
        self.locked = Locked("models/svd", md5_of_folder(self.folder))
        monkeypatch.setattr(again, "locked_model", lambda *_: self.locked)
        monkeypatch.setattr(again, "fetch", self.fetch)

    def fetch(self, repository: Path, tag: Tag, locked: Locked, target: Path) -> None:
        self.fetched += 1
        shutil.copytree(self.folder, target)
        if self.gone:
            raise Unavailable("DVC does not get it")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    return Remote(tmp_path, monkeypatch)


def test_a_model_is_fetched_once_and_named_by_its_hash(remote: Remote, tmp_path: Path) -> None:
    for _ in range(2):
        assert again.model_of(tmp_path, TAG, tmp_path / "cache") == (
            tmp_path / "cache" / remote.locked.md5
        )
    assert remote.fetched == 1


@pytest.mark.parametrize("name", ["users.npy", "more.npy"])
def test_a_copy_that_differs_is_thrown_away(remote: Remote, tmp_path: Path, name: str) -> None:
    kept = again.model_of(tmp_path, TAG, tmp_path / "cache")
    (kept / name).write_bytes(b"other")
    assert again.model_of(tmp_path, TAG, tmp_path / "cache") == kept
    assert md5_of_folder(kept) == remote.locked.md5 and remote.fetched == 2


def test_what_cannot_be_had_leaves_nothing(remote: Remote, tmp_path: Path) -> None:
    remote.gone = True
    with pytest.raises(Unavailable, match="DVC does not get it"):
        again.model_of(tmp_path, TAG, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_that_brings_it_meanwhile_is_as_good(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def fetch(repository: Path, tag: Tag, locked: Locked, target: Path) -> None:
        shutil.copytree(remote.folder, target)
        shutil.copytree(remote.folder, cache / locked.md5)

    monkeypatch.setattr(again, "fetch", fetch)
    assert md5_of_folder(again.model_of(tmp_path, TAG, cache)) == remote.locked.md5
    assert [path.name for path in cache.iterdir()] == [remote.locked.md5]


def test_the_cache_is_in_the_git_folder_of_a_repository_and_of_its_work_trees(
    tmp_path: Path,
) -> None:
    work, other = tmp_path / "work", tmp_path / "other"
    git(tmp_path, "init", "--quiet", "work")
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")
    git(work, *who, "commit", "--quiet", "--allow-empty", "--message", "x")
    git(work, "worktree", "add", "--quiet", str(other))
    assert again.cache_of(work) == again.cache_of(other) == work / ".git/movierec-models"
