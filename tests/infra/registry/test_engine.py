"""What Docker's client is told, and what is kept from it. The client is a stand-in, which writes
down what it sees; the real one: infra/docker/test_push.py and infra/docker/test_canary.py."""

import base64
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.registry.engine import Docker, let_in
from infra.registry.settings import ImagesSettings
from movierec.errors import Unavailable

SECRET = "canary-4711"
STANDIN = """#!{python} -S
import json, os, pathlib, sys
folder = pathlib.Path(os.environ.get("DOCKER_CONFIG", "/nowhere"))
seen = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": str(folder)}}
if folder.is_dir():
    seen["mode"] = folder.stat().st_mode & 0o777
    seen["names"] = sorted(path.name for path in folder.iterdir())
    seen["config"] = [json.loads((folder / "config.json").read_text()) for _ in range(2)]
pathlib.Path({record!r}).write_text(json.dumps(seen))
print("said")
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the client saw."""
    program, record = tmp_path / "bin/docker", tmp_path / "record.json"
    program.parent.mkdir()
    program.write_text(STANDIN.format(python=sys.executable, record=str(record)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return record


def seen(record: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.read_text())
    return found


def settings(**given: Any) -> ImagesSettings:
    return ImagesSettings(registry="registry.example/team", **given)


def test_it_sees_what_it_reads_and_no_password(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAFKA_SASL_PASSWORD", "IMAGES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "DEPLOY_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    for name in ("DOCKER_HOST", "HTTPS_PROXY", "no_proxy", "DOCKER_BUILDKIT"):
        monkeypatch.setenv(name, "kept")
    assert Docker().run("build", ".", about="it") == "said"
    found = seen(record)
    assert found["arguments"] == ["build", "."]
    assert SECRET not in record.read_text()
    for name in ("DOCKER_HOST", "HTTPS_PROXY", "no_proxy", "DOCKER_BUILDKIT"):
        assert found["environment"][name] == "kept"


def test_credentials_reach_it_by_a_file_in_memory(record: Path, tmp_path: Path) -> None:
    with let_in(settings(user="me", password=SECRET)) as docker:
        docker.run("push", "x", about="it")
        folder = Path(docker.variables["DOCKER_CONFIG"])
        on_disk = [path for path in folder.iterdir() if not path.is_symlink()]
        assert on_disk == []
    found = seen(record)
    assert found["mode"] == 0o700 and not folder.exists()
    auth = base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert found["config"] == [{"auths": {"registry.example": {"auth": auth}}}] * 2
    assert SECRET not in json.dumps([found["arguments"], found["environment"]])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(docker.files[0])


def test_what_its_user_set_up_stays_but_for_credentials(record: Path, tmp_path: Path) -> None:
    own = tmp_path / ".docker"
    (own / "contexts").mkdir(parents=True)
    text = {
        "currentContext": "there",
        "credsStore": "desktop",
        "credHelpers": {},
        "auths": {"a": 1},
    }
    (own / "config.json").write_text(json.dumps(text))
    with let_in(settings(user="me", password=SECRET)) as docker:
        docker.run("push", "x", about="it")
    found = seen(record)
    assert found["names"] == ["config.json", "contexts"]
    assert found["config"][0]["currentContext"] == "there"
    assert found["config"][0].keys() == {"currentContext", "auths"}
    assert found["config"][0]["auths"].keys() == {"registry.example"}
    assert json.loads((own / "config.json").read_text()) == text


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_settings_of_its_user_that_are_none_are_passed_over(
    record: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(text)
    with let_in(settings(user="me", password=SECRET)) as docker:
        docker.run("push", "x", about="it")
    assert seen(record)["config"][0].keys() == {"auths"}


def test_without_a_user_it_goes_by_its_own_settings(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with let_in(settings()) as docker:
        docker.run("push", "x", about="it")
    assert seen(record)["folder"] == str(tmp_path)


def test_what_fails_is_told_by_its_last_words(record: Path) -> None:
    program = record.parent / "bin/docker"
    program.write_text(
        "#!/bin/sh\necho one\necho two >&2\nprintf '\\033[91mthree\\033[0m' >&2\nexit 1"
    )
    with pytest.raises(Unavailable) as failed:
        Docker().run("push", about="docker push x")
    assert str(failed.value) == "docker push x failed: two | three"
    program.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(record.parent))
        with pytest.raises(Unavailable, match="no `docker` is installed"):
            Docker().run("push", about="it")
