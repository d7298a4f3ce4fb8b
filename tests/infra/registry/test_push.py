"""When an image is pushed, and when not. Registry and Docker's client are stand-ins; the real ones:
infra/docker/test_push.py."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.registry.push import EMPTY, Image, Overtaken, content, inspect, push
from movierec.errors import BadInput, Unavailable
from tests.infra.registry.conftest import registry_of
from tests.infra.registry.standin import OCI, Standin, body, digest, encoded

NAME = "movierec:svd-v1.4.0"
CONFIG: dict[str, Any] = {
    "config": {"Labels": {"a": "b"}, "User": "1", "Entrypoint": None, "Cmd": ["run"]},
    "rootfs": {"diff_ids": ["base", "packages", "code"]},
}
IMAGE = Image(NAME, "sha256:local", CONFIG)
CLIENT = """#!{python} -S
import pathlib, sys
with pathlib.Path({record!r}).open("a") as record:
    record.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "push":
    print({says!r})
    sys.exit({status})
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `docker` first on the path; returns where it writes down what it is told."""

    def put(says: str, status: int = 0) -> Path:
        program, record = tmp_path / "bin/docker", tmp_path / "record"
        program.parent.mkdir()
        given = {"python": sys.executable, "record": str(record), "says": says, "status": status}
        program.write_text(CLIENT.format(**given))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return record

    return put


def put(standin: Standin, config: dict[str, Any], manifest_tag: str = "svd-v1.4.0") -> str:
    """Have the stand-in keep an image of that configuration; its digest."""
    said = encoded(config)
    standin.put(f"movierec/blobs/{digest(said)}", body(said))
    manifest = encoded({"config": {"digest": digest(said)}})
    return standin.put_manifest("movierec", manifest_tag, manifest, OCI)


def appears(standin: Standin, config: dict[str, Any]) -> str:
    """Have the image be there from the second question on; its digest."""
    own = put(standin, config)
    path = "/v2/movierec/manifests/svd-v1.4.0"
    there, first = standin.answers[path], body(b'{"errors": [{"code": "NAME_UNKNOWN"}]}', {}, 404)
    asked: list[int] = []

    def answer(request: Any) -> None:
        asked.append(1)
        (first if len(asked) == 1 else there)(request)

    standin.answers[path] = answer
    return own


def test_what_is_not_there_is_tagged_by_its_id_and_pushed(standin: Standin, client: Any) -> None:
    made = appears(standin, CONFIG)
    record = client(f"svd-v1.4.0: digest: {made} size: 1")
    found, new = push(registry_of(standin), IMAGE)
    assert new and found.reference == f"{standin.host}/movierec@{made}"
    name = f"{standin.host}/{NAME}"
    assert record.read_text().splitlines() == [f"tag sha256:local {name}", f"push {name}"]


def test_what_is_there_is_not_pushed_again(standin: Standin, client: Any) -> None:
    """Built elsewhere it lies on another base, below a layer that some builders leave empty."""
    record = client("")
    other = {**CONFIG, "rootfs": {"diff_ids": ["newer", "packages", "more", "code", EMPTY]}}
    made = put(standin, {**other, "history": [1], "created": "x"})
    found, new = push(registry_of(standin), IMAGE)
    assert not new and found.digest == made and not record.exists()


@pytest.mark.parametrize(
    "other",
    [
        {"config": {**CONFIG["config"], "Labels": {"a": "c"}}},
        {"config": {**CONFIG["config"], "User": "0"}},
        {"config": {**CONFIG["config"], "Cmd": ["other"]}},
        {"config": {**CONFIG["config"], "Entrypoint": ["other"]}},
        {"rootfs": {"diff_ids": ["base", "packages", "other code"]}},
        {"config": None, "rootfs": None},
    ],
)
def test_another_content_keeps_its_name(
    standin: Standin, client: Any, other: dict[str, Any]
) -> None:
    record = client("")
    made = put(standin, {**CONFIG, **other})
    with pytest.raises(BadInput) as refused:
        push(registry_of(standin), IMAGE)
    assert str(refused.value) == (
        f"{standin.host}/movierec@{made} has the name {NAME} in the registry, and sha256:local is "
        "another content: a name keeps its content; release what is new under a new tag"
    )
    assert not record.exists()


def test_who_was_overtaken_says_so(standin: Standin, client: Any) -> None:
    made = appears(standin, CONFIG)
    client(f"svd-v1.4.0: digest: {digest(b'ours')} size: 1")
    with pytest.raises(Overtaken, match=f"somebody was first: it is {made} there; push again"):
        push(registry_of(standin), IMAGE)


def test_a_push_that_left_nothing_is_none(standin: Standin, client: Any) -> None:
    client(f"svd-v1.4.0: digest: {digest(b'ours')} size: 1")
    with pytest.raises(Overtaken, match="it is nothing there"):
        push(registry_of(standin), IMAGE)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("denied: no rights", "failed: denied: no rights"),
        ("x509: unknown authority", r"who signed in /etc/docker/certs\.d/127.*/ca\.crt"),
    ],
)
def test_a_push_that_fails_says_why(standin: Standin, client: Any, said: str, hint: str) -> None:
    client(said, status=1)
    with pytest.raises(Unavailable, match=f"docker push .*{hint}$") as failed:
        push(registry_of(standin), IMAGE)
    assert not isinstance(failed.value, Overtaken)


def test_an_image_of_the_engine_says_what_the_registry_will(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    found = {"Id": "sha256:local", "Config": CONFIG["config"]}
    text = json.dumps([{**found, "RootFS": {"Layers": CONFIG["rootfs"]["diff_ids"]}}])
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'image inspect sha256:x' ] && echo '{text}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert inspect(NAME, "sha256:x") == IMAGE
    assert content(IMAGE.config) == (["code"], {"a": "b"}, "1", None, ["run"])
