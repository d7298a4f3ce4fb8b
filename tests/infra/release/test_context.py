"""What an image is built from is the tag's, to the byte, whatever stands in the work tree."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

from infra.release import context
from infra.release.context import DOCKERFILE, EPOCH, make_context
from infra.release.tag import resolve
from movierec.errors import BadInput
from tests.infra.release.tagged import ROOT, run, tag

pytestmark = pytest.mark.slow
NAME = "svd@v1.0.0"


def made(project: Path, folder: Path, name: str = NAME) -> dict[str, str]:
    """path → SHA-256 of the files of a tag's context."""
    folder.mkdir()
    make_context(project, resolve(project, name), folder)
    return hashes(folder)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_holds_what_the_dockerfile_copies_and_no_more(project: Path, tmp_path: Path) -> None:
    model = {f"models/svd/{path.name}" for path in (project.parent / "given").iterdir()}
    tracked = run(project, "git", "ls-files").split()
    ours = re.compile(r"stages/movierec/|serve/((http|service)/|[^/]+\.py$)")
    code = {name for name in tracked if ours.match(name)}
    build = {DOCKERFILE, "infra/docker/serve.txt", "infra/docker/answers.py"}
    before = os.umask(0o077)
    try:
        assert made(project, tmp_path / "context").keys() == model | code | build
    finally:
        os.umask(before)
    for path in (tmp_path / "context").rglob("*"):
        assert path.stat().st_mtime == EPOCH
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
    assert str(EPOCH) in (ROOT / DOCKERFILE).read_text()


def spoil(project: Path) -> None:
    """Change, stage, add and remove in the work tree; leave other models, locks and commits."""
    for path in [*project.rglob("*.py"), project / DOCKERFILE, project / "infra/docker/serve.txt"]:
        path.write_text("raise SystemExit('of the work tree')\n")
    run(project, "git", "add", "--all")  # the index, too
    (project / "serve/service/added.py").write_text("of the work tree\n")
    (project / "stages/movierec/errors.py").unlink()
    (project / "dvc.yaml").write_text("artifacts: {svd: {path: models/other, type: model}}\n")
    (project / "dvc.lock").write_text("stages: {}\n")
    for name in ("svd", "other"):
        shutil.rmtree(project / "models" / name, ignore_errors=True)
        (project / "models" / name).mkdir(parents=True)
        (project / "models" / name / "manifest.json").write_text("of the work tree\n")
    (project / ".dockerignore").write_text("*\n")
    for name in ("json.py", "pathlib.py"):  # what Python finds first where it looks for ours
        (project / name).write_text("raise SystemExit('of the work tree')\n")
    (project / ".gitattributes").write_text("*.py export-ignore\n")


def test_nothing_of_the_work_tree_leaks_in(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "git", "clone", "--quiet", "--bare", str(project), "bare.git")
    expected = made(tmp_path / "bare.git", tmp_path / "clean")
    spoil(project)
    assert made(project, tmp_path / "spoilt") == expected
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", f"{project}:{project / 'stages'}")
    assert made(Path(), tmp_path / "from within") == expected
    tag(project, "svd@v1.1.0")  # and later commits change no earlier tag
    run(project, "git", "branch", NAME)
    assert made(project, tmp_path / "later") == expected


def test_a_tag_that_lacks_what_its_dockerfile_copies(project: Path, tmp_path: Path) -> None:
    (project / "infra/docker/serve.txt").unlink()
    tag(project, "svd@v1.1.0")
    with pytest.raises(BadInput, match=r"svd@v1\.1\.0: .*serve\.txt.*; take a commit that has it"):
        made(project, tmp_path / "context", "svd@v1.1.0")


def test_a_tag_without_a_dockerfile(project: Path) -> None:
    (project / DOCKERFILE).unlink()
    tag(project, "svd@v1.1.0")
    with pytest.raises(BadInput, match=r"svd@v1\.1\.0: no infra/docker/serve\.Dockerfile in it"):
        context.code_of(project, resolve(project, "svd@v1.1.0"))
