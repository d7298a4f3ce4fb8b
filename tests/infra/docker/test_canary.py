"""Secrets that are there while an image is built, pushed and run are nowhere in what comes of it.

Each canary is where such a secret really is: the registry's password and Kafka's in the
environment, the DVC remote's in `.dvc/config.local`, a token in the URL of git's origin.
"""

import base64
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.docker.containers import HARDENED, docker, ready
from tests.infra.docker.registry import PASSWORD, USER, Server, serving, throw_away
from tests.infra.release.tagged import run, small, tag

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[3]
NAME = "svd@v0.0.9007"
IMAGE = "movierec:svd-v0.0.9007"
CANARIES = {
    "registry": PASSWORD,
    "registry, as HTTP has it": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
    "wrong password": "canary-4711-wrong",
    "DVC remote": "canary-4711-dvc",
    "git": "canary-4711-git",
    "Kafka": "canary-4711-kafka",
    "S3": "canary-4711-s3",
}
CLIENT = """#!/bin/sh
# Docker's client, which first shows what it was told and given to build from.
printf '%s\\n' "$*" >>{seen}/arguments
env >>{seen}/environment
[ "$1" = build ] && for last; do :; done && cp -r "$last" {seen}/context
exec {docker} "$@"
"""
ASK = """
import http.client
for method, path in [("GET", "/metrics"), ("GET", "/version"), ("GET", "/nowhere"),
    ("POST", "/recommend/1"), ("GET", "/recommend/x"), ("GET", "/healthz"), ("GET", "/readyz"),
    ("GET", "/openapi.json"), ("GET", "/recommend/1?limit=-1"), ("BREW", "/")]:
    asked = http.client.HTTPConnection("127.0.0.1", 8080)
    asked.request(method, path)
    answer = asked.getresponse()
    print(method, path, answer.status, answer.getheaders(), answer.read().decode())
"""


def found_in(content: bytes) -> list[str]:
    """Which canaries are in bytes."""
    return [name for name, canary in CANARIES.items() if canary.encode() in content]


def found_below(folder: Path) -> list[tuple[str, list[str]]]:
    """Files with canaries, below a folder; gzip is looked into."""
    held = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        if names := found_in(content):
            held.append((str(path), names))
    return held


class Watch:
    """Every process's command line, again and again, until the end."""

    def __enter__(self) -> "Watch":
        self.lines: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.lines.add(path.read_bytes().replace(b"\0", b" "))
                except OSError:  # it has ended
                    continue


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("registry")) as own:
        yield own
        throw_away(own, [IMAGE])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose settings hold secrets, also while its tag was made."""
    repository = small(tmp_path_factory.mktemp("released"))
    origin = f"https://bot:{CANARIES['git']}@git.invalid/movierec.git"
    run(repository, "git", "remote", "add", "origin", origin)
    dvc = (sys.executable, "-m", "dvc", "remote")
    run(repository, *dvc, "add", "--local", "--quiet", "other", "s3://bucket/movierec")
    secret = ("secret_access_key", CANARIES["DVC remote"])
    run(repository, *dvc, "modify", "--local", "--quiet", "other", *secret)
    tag(repository, NAME)
    return repository


@pytest.fixture(scope="module")
def given(server: Server) -> dict[str, str]:
    """The environment of a release."""
    own = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}",
        "KAFKA_SASL_PASSWORD": CANARIES["Kafka"],
        "AWS_SECRET_ACCESS_KEY": CANARIES["S3"],
        "DVC_NO_ANALYTICS": "1",  # DVC would leave a file of it in TMPDIR
    }
    return {**os.environ, **server.variables(), **own}


def watched(
    folder: Path, project: Path, given: dict[str, str], what: str
) -> tuple[subprocess.CompletedProcess[bytes], set[bytes]]:
    """Build and push by the program, with a client that shows what it sees in `folder/seen`."""
    seen, program = folder / "seen", folder / "bin/docker"
    for place in (seen, program.parent, folder / "temporary"):
        place.mkdir()
    real = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout
    program.write_text(CLIENT.format(seen=seen, docker=real.strip()))
    program.chmod(0o755)
    command = [sys.executable, "-m", "infra.release", "image", what, "--push"]
    with Watch() as watch:
        done = subprocess.run(
            [*command, "--repo", str(project), "--", "--network", "host"],
            env=given
            | {"PATH": f"{program.parent}:{given['PATH']}", "TMPDIR": str(folder / "temporary")},
            capture_output=True,
        )
    return done, watch.lines


def test_no_secret_is_in_what_is_built_pushed_and_run(
    project: Path, server: Server, given: dict[str, str], tmp_path: Path
) -> None:
    done, lines = watched(tmp_path, project, given, NAME)
    assert done.returncode == 0, done.stderr
    reference = done.stdout.decode().split()[-1]
    assert found_in(done.stdout + done.stderr) == []
    assert found_below(tmp_path) == [], "what Docker's client was told, and built from"
    assert list((tmp_path / "temporary").iterdir()) == [], "nothing is left"
    assert any(f"docker push {server.host}/{IMAGE}".encode() in line for line in lines)
    assert found_in(b"\n".join(lines)) == []

    # The manifest, the configuration with its history, and every layer, unpacked.
    blobs = list(server.images.glob("**/blobs/sha256/*/*/data"))
    assert len(blobs) > 5, "where the registry keeps them"
    assert found_below(server.images) == []
    assert found_below(server.folder / "logs") == []
    inspected = docker("image", "inspect", IMAGE), docker("history", "--no-trunc", IMAGE)
    assert found_in("\n".join(inspected).encode()) == []
    assert found_in(run_and_asked(reference, given, tmp_path)) == []


def run_and_asked(reference: str, given: dict[str, str], folder: Path) -> bytes:
    """What the image says, run with Kafka's password: every page, errors too, and its log."""
    secret = folder / "service.env"
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "movierec",
        "KAFKA_SASL_PASSWORD": given["KAFKA_SASL_PASSWORD"],
    }
    secret.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    with ready(reference, [*HARDENED, "--env-file", str(secret)]) as container:
        pages = docker("exec", container, "python", "-c", ASK)
        assert "movierec_" in pages and " 404 " in pages and " 405 " in pages
        done = subprocess.run(["docker", "logs", container], capture_output=True, check=True)
        assert b"kafka" in (done.stdout + done.stderr).lower(), "it has tried to log in"
        running = json.loads(docker("inspect", "--format", "{{json .Config.Env}}", container))
        assert any(CANARIES["Kafka"] in line for line in running), "the canary was there"
        return pages.encode() + done.stdout + done.stderr


def test_no_secret_is_in_what_is_said_when_it_fails(
    project: Path, server: Server, given: dict[str, str], tmp_path: Path
) -> None:
    wrong = {"IMAGES_PASSWORD": CANARIES["wrong password"]}
    for number, (what, other) in enumerate(
        [
            (NAME, wrong),
            ("router", wrong),
            ("svd@v9.9.9", {}),
            (NAME, {"IMAGES_REGISTRY": f"bot:{PASSWORD}@127.0.0.1:1"}),
            (NAME, {"IMAGES_PASSWORD_FILE": PASSWORD}),
            (NAME, {"DOCKER_HOST": "unix:///nowhere"}),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        done, lines = watched(folder, project, given | other, what)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
        assert found_in(done.stdout + done.stderr + b"\n".join(lines)) == [], (what, other)
        assert found_below(folder) == []
