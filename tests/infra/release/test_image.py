"""From a tag to `docker build`: what it is told, and what is said when it fails."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from infra.registry.push import Overtaken
from infra.release import image
from infra.release.tag import resolve
from movierec.errors import BadInput, Unavailable

pytestmark = pytest.mark.slow
NAME = "svd@v1.0.0"
DOCKER = """#!{python}
import json, pathlib, sys
context = pathlib.Path(sys.argv[-1])
held = sorted(str(p.relative_to(context)) for p in context.rglob("*") if p.is_file())
pathlib.Path({record!r}).write_text(json.dumps([sys.argv[1:], held]))
print({says!r})
sys.exit({status})
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `docker` first on the path that writes down what it is told; returns its record."""

    def put(says: str, status: int = 0) -> Path:
        program, record = tmp_path / "bin/docker", tmp_path / "record.json"
        program.parent.mkdir(exist_ok=True)
        text = DOCKER.format(python=sys.executable, record=str(record), says=says, status=status)
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return record

    return put


def test_docker_is_told_the_tag_the_commit_its_time_and_the_data(
    project: Path, docker, capsys: pytest.CaptureFixture[str]
) -> None:
    record = docker("sha256:beef")
    assert image.main([NAME, "--repo", str(project), "--", "--network", "host"]) == 0
    assert capsys.readouterr().out == "movierec:svd-v1.0.0 sha256:beef\n"
    told, held = json.loads(record.read_text())
    tag = resolve(project, NAME)
    assert told[:4] == ["build", "--quiet", "--network", "host"]
    assert "--tag=movierec:svd-v1.0.0" in told
    assert {word.removeprefix("--build-arg=") for word in told if "--build-arg" in word} == {
        "MODEL=svd",
        "MODEL_VERSION=svd@v1.0.0",
        f"GIT_COMMIT={tag.commit}",
        "DATA_HASH=hash",
        "DATA_DAY=2026-11-02",
        f"CREATED={tag.committed:%Y-%m-%dT%H:%M:%S}Z",
    }
    assert "models/svd/manifest.json" in held and "serve/service/app.py" in held
    assert not Path(told[-1]).exists(), "the context is temporary"


def test_a_build_that_fails_says_why_in_one_line(project: Path, docker) -> None:
    docker("Step 1\n\x1b[91manswers: no model\x1b[0m\nreturned a non-zero code: 1", status=1)
    with pytest.raises(Unavailable) as refused:
        image.main([NAME, "--repo", str(project)])
    assert str(refused.value) == (
        f"{NAME}: docker build failed: answers: no model | returned a non-zero code: 1"
    )


def test_without_docker_it_says_so(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = resolve(project, NAME)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no `docker` is installed"):
        image.docker_build(tag, "Dockerfile", tmp_path, [])


def test_a_tag_that_is_none_asks_no_docker(project: Path, docker) -> None:
    record = docker("sha256:beef")
    with pytest.raises(BadInput, match="no tag svd@v9"):
        image.main(["svd@v9.0.0", "--repo", str(project)])
    assert not record.exists()


def test_who_was_overtaken_ends_with_a_status_of_their_own(
    project: Path, docker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def overtaken(*_: object) -> None:
        raise Overtaken("somebody was first")

    docker("sha256:beef")
    monkeypatch.setenv("IMAGES_REGISTRY", "registry.invalid")
    monkeypatch.setattr(image, "inspect", lambda *_: None)
    monkeypatch.setattr(image, "push", overtaken)
    assert image.main([NAME, "--push", "--repo", str(project)]) == 3
    output = capsys.readouterr()
    assert output.out == "movierec:svd-v1.0.0 sha256:beef\n"
    assert output.err == "error: somebody was first\n"
