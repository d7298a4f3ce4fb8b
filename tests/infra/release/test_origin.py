"""The origin takes all of a release or nothing, and says who was first."""

from pathlib import Path

import pytest

from infra.release.origin import Origin, Overtaken
from infra.repository import git
from movierec.errors import Unavailable

NAME = ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false"]


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """A clone with one commit, which its origin has."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", "origin.git")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "work")
    work = tmp_path / "work"
    git(work, "remote", "add", "origin", str(tmp_path / "origin.git"))
    commit(work)
    git(work, "push", "--quiet", "origin", "main")
    return Origin(work, "origin", "main")


def commit(work: Path) -> str:
    git(work, *NAME, "commit", "--quiet", "--allow-empty", "--message", "One")
    return git(work, "rev-parse", "HEAD").strip()


def test_branch_and_tags_come_together(origin: Origin) -> None:
    known = origin.fetch()
    mine = commit(origin.repository)
    origin.push(mine, {"svd@v1.0.0": mine}, known)
    assert origin.refs() == {
        "HEAD": mine,
        "refs/heads/main": mine,
        "refs/tags/svd@v1.0.0": mine,
    }


def test_a_tag_that_somebody_made_meanwhile_keeps_the_branch_back(origin: Origin) -> None:
    known = origin.fetch()
    theirs = git(origin.repository, "rev-parse", "HEAD").strip()
    git(origin.repository, "push", "--quiet", "origin", f"{theirs}:refs/tags/svd@v1.0.0")
    before = origin.refs()
    mine = commit(origin.repository)
    with pytest.raises(Overtaken, match="somebody was first"):
        origin.push(mine, {"svd@v1.0.0": mine, "svdpp@v1.0.0": mine}, known)
    assert origin.refs() == before


def test_a_branch_that_somebody_moved_meanwhile_keeps_the_tags_back(origin: Origin) -> None:
    known = origin.fetch()
    theirs = commit(origin.repository)
    git(origin.repository, "push", "--quiet", "origin", "main")
    git(origin.repository, "reset", "--quiet", "--hard", f"{theirs}~1")
    git(origin.repository, *NAME, "commit", "--quiet", "--allow-empty", "--message", "Mine")
    mine = git(origin.repository, "rev-parse", "HEAD").strip()
    before = origin.refs()
    with pytest.raises(Overtaken):
        origin.push(mine, {"svd@v1.0.0": mine}, known)
    assert origin.refs() == before


def test_an_origin_that_refuses_has_nothing_of_it(origin: Origin, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git/hooks/update"
    hook.write_text(
        '#!/bin/sh\ncase $1 in refs/tags/svdpp*) echo "no such here" >&2; exit 1;; esac\n'
    )
    hook.chmod(0o755)
    known = origin.fetch()
    mine = commit(origin.repository)
    with pytest.raises(Unavailable, match=r"has nothing of it.*no such here"):
        origin.push(mine, {"svd@v1.0.0": mine, "svdpp@v1.0.0": mine}, known)
    assert origin.refs() == known


def test_an_answer_that_was_lost_is_looked_up(origin: Origin, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git/hooks/post-receive"  # it has taken all by then
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    known = origin.fetch()
    mine = commit(origin.repository)
    origin.push(mine, {"svd@v1.0.0": mine}, known)
    assert origin.refs()["refs/tags/svd@v1.0.0"] == mine
