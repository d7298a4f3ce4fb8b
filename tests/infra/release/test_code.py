"""The images of code alone: what they are called, made of and say of themselves."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.registry.client import COMMIT, VERSION
from infra.release import code, image
from infra.release.context import EPOCH
from movierec.errors import BadInput, BadParams
from tests.infra.registry.standin import Standin, standing
from tests.infra.release.tagged import ROOT, run
from tests.infra.release.test_image import docker

pytestmark = pytest.mark.slow
__all__ = ["docker"]  # a fixture


def committed(folder: Path) -> Path:
    """A repository of this project's code, in one commit."""
    for name in ("infra/docker", "infra/router", "serve", "stages/movierec"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    run(folder, "git", *who, "commit", "--quiet", "--message", "All of it")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project's code, and a work tree that says something else since."""
    folder = committed(tmp_path_factory.mktemp("code"))
    (folder / "infra/router/start.py").write_text("raise SystemExit('of the work tree')\n")
    return folder


def head(repository: Path) -> str:
    return run(repository, "git", "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("kind", code.KINDS)
def test_it_is_made_of_the_commit_and_called_by_it(
    kind: str, repository: Path, docker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = head(repository)
    record = docker("sha256:beef")
    assert image.main([kind, "--repo", str(repository), "--", "--network", "host"]) == 0
    assert capsys.readouterr().out == f"movierec-{kind}:{commit} sha256:beef\n"
    told, held = json.loads(record.read_text())
    assert told[:4] == ["build", "--quiet", "--network", "host"]
    assert f"--tag=movierec-{kind}:{commit}" in told
    labels = [word.removeprefix("--label=") for word in told if word.startswith("--label=")]
    assert {f"{VERSION}={commit}", f"{COMMIT}={commit}"} < set(labels)
    assert f"org.opencontainers.image.title=movierec {kind}" in labels
    package = {"router": "infra/router/start.py", "collector": "serve/collector/__main__.py"}[kind]
    assert package in held and f"infra/docker/{kind}.Dockerfile" in held
    assert not [name for name in held if name.startswith(("serve/service", "tests"))]


def test_the_work_tree_has_no_part_in_it(repository: Path, tmp_path: Path) -> None:
    code.make_context(repository, code.resolve(repository, "router", "HEAD"), tmp_path)
    assert "work tree" not in (tmp_path / "infra/router/start.py").read_text()
    assert {path.stat().st_mtime for path in tmp_path.rglob("*")} == {EPOCH}


@pytest.mark.parametrize("revision", ["no-such-branch", "--all", "HEAD:serve"])
def test_what_is_no_commit_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(BadInput, match=f"no commit {revision}; name one by --commit"):
        image.main(["router", "--repo", str(repository), f"--commit={revision}"])


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Any:
    with standing() as own:
        monkeypatch.setenv("IMAGES_REGISTRY", own.host)
        monkeypatch.setenv("IMAGES_TLS", "off")
        yield own


def test_what_the_registry_has_of_a_commit_is_not_built_again(
    repository: Path, docker: Any, standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = head(repository)
    made = standin.put_image("movierec-router", commit, {VERSION: commit, COMMIT: commit})
    record = docker("sha256:beef")
    assert image.main(["router", "--push", "--repo", str(repository)]) == 0
    output = capsys.readouterr()
    assert output.out == f"{standin.host}/movierec-router@{made}\n"
    assert output.err == f"movierec-router:{commit}: the registry has it already\n"
    assert not record.exists()


def test_what_the_registry_has_of_another_commit_is_refused(
    repository: Path, docker: Any, standin: Standin
) -> None:
    commit = head(repository)
    made = standin.put_image("movierec-router", commit, {VERSION: commit, COMMIT: "c" * 40})
    record = docker("sha256:beef")
    with pytest.raises(BadInput, match=f"{made} is called movierec-router:{commit}, and of 'ccc"):
        image.main(["router", "--push", "--repo", str(repository)])
    assert not record.exists()


def test_a_registry_that_is_not_named_is_told_before_anything_is_built(
    repository: Path, docker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMAGES_REGISTRY", raising=False)
    record = docker("sha256:beef")
    with pytest.raises(BadParams, match="IMAGES_REGISTRY is not set"):
        image.main(["router", "--push", "--repo", str(repository)])
    assert not record.exists()
