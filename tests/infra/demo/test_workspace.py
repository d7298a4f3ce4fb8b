"""A workspace has the project's files as they stand, and what happens there stays there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.demo import workspace
from movierec.errors import Unavailable


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one committed and one new file, with days and a lock of its own."""
    folder = tmp_path / "project"
    write(folder, code="one\n", gone="x\n", data__window="real days\n", metrics__svd="real\n")
    write(folder, **{"dvc.lock": "real\n", ".gitignore": ".demo/\nmodels/\n"})
    write(folder, **{".dvc__config": "[core]\n    remote = production\n"})
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "state")
    write(folder, new="not yet added\n", models__svd="ignored\n", code="two\n")
    return folder


def test_it_has_the_files_as_they_stand_and_nothing_of_the_projects_days(root: Path) -> None:
    demo = root / ".demo/workspace"
    workspace.prepare(root, demo)
    commit = workspace.commit(demo, "demo")
    files = git(demo, "ls-tree", "-r", "--name-only", "HEAD").split()
    own = [".dvc/config", "data/incumbent.json", "data/online/window.yaml"]
    assert files == sorted([".gitignore", *own, "code", "gone", "new"])
    assert (demo / "code").read_text() == "two\n"
    assert "production" not in (demo / ".dvc/config").read_text()
    assert git(demo, "rev-parse", "HEAD").strip() == commit
    assert git(root, "status", "--porcelain").split() == ["M", "code", "??", "new"]
    code = "import sys; print(sys.path[1:3])"
    environment = workspace.environment(demo)
    command = [sys.executable, "-c", code]
    seen = subprocess.run(command, env=environment, capture_output=True, text=True).stdout
    assert seen.strip() == str([str(demo), str(demo / "stages")])


def test_what_it_made_stays_when_the_project_moves_on(root: Path) -> None:
    demo = root / ".demo/workspace"
    workspace.prepare(root, demo)
    write(demo, data__window="demo days\n", metrics__svd="demo\n", **{"dvc.lock": "demo\n"})
    first = workspace.commit(demo, "demo")
    assert workspace.commit(demo, "nothing changed") == first
    write(root, code="three\n", data__window="other days\n", metrics__svd="other\n")
    (root / "gone").unlink()
    workspace.prepare(root, demo)
    assert (demo / "code").read_text() == "three\n"
    assert not (demo / "gone").exists()
    for name in ("data/window", "metrics/svd", "dvc.lock"):
        assert (demo / name).read_text().startswith("demo"), name
    assert workspace.commit(demo, "the project's next state") != first


def test_what_somebody_changed_there_is_stashed_and_not_lost(root: Path) -> None:
    demo = root / ".demo/workspace"
    workspace.prepare(root, demo)
    workspace.commit(demo, "demo")
    write(demo, code="an idea\n", notes="mine\n", metrics__svd="of an experiment\n")
    workspace.prepare(root, demo)
    assert (demo / "code").read_text() == "two\n"
    assert (demo / "metrics/svd").exists(), "what a run changes by itself needs no stash"
    git(demo, "stash", "pop")
    assert (demo / "code").read_text() == "an idea\n"
    assert (demo / "notes").read_text() == "mine\n"


def test_a_run_that_died_before_its_end_is_gone_on_with(root: Path) -> None:
    demo = root / ".demo/workspace"
    workspace.prepare(root, demo)
    write(demo, **{"dvc.lock": "half\n"})
    workspace.prepare(root, demo)
    assert (demo / "dvc.lock").read_text() == "half\n"
    assert git(demo, "stash", "list") == ""


def test_a_file_that_did_not_change_keeps_its_time(root: Path) -> None:
    demo = root / ".demo/workspace"
    workspace.prepare(root, demo)
    workspace.commit(demo, "demo")
    before = (demo / "code").stat().st_mtime_ns
    (root / "code").touch()
    workspace.prepare(root, demo)
    assert (demo / "code").stat().st_mtime_ns == before


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"git ls-files .* in {tmp_path}: .*not a git repository"):
        workspace.prepare(tmp_path, tmp_path / ".demo/workspace")


@pytest.mark.parametrize("step", ["write_text", "copy", "commit"])
def test_a_beginning_that_was_interrupted_is_begun_again(
    root: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = root / ".demo/workspace"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(workspace, step, interrupt)
        workspace.prepare(root, demo)
    workspace.prepare(root, demo)
    assert (demo / "data/incumbent.json").read_text() == "{}\n"
    assert (demo / "code").read_text() == "two\n"
    assert git(demo, "status", "--porcelain") == ""


def test_from_a_git_hook_it_touches_no_repository_but_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = git(root, "rev-parse", "HEAD")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(root / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(root / ".git/index"))
        workspace.prepare(root, root / ".demo/workspace")
    assert git(root, "rev-parse", "HEAD") == before
    assert git(root, "diff", "--cached", "--name-only") == ""
    assert git(root / ".demo/workspace", "log", "--format=%s").startswith("Take the project's")


def test_it_asks_for_no_signature_and_changes_no_variable_of_its_caller(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[commit]\n gpgSign = true\n[gpg]\n program = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    before = dict(os.environ)
    workspace.prepare(root, root / ".demo/workspace")
    assert dict(os.environ) == before
