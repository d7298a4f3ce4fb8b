"""Releases whose data is on an S3 server, with TLS by a certificate authority of one's own."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.processes import Processes, free_port
from infra.repository import environment
from tests.infra.release.project import Project
from tests.infra.release.test_register import FIRST, assert_nothing_released, damaged

ROOT = Path(__file__).resolve().parents[3]
SECRET = "canary-4711"
CONFIG = """\
[core]
    remote = s3
['remote "s3"']
    url = s3://bucket/movierec
    endpointurl = https://127.0.0.1:{port}
    access_key_id = movierec
    secret_access_key = {secret}
    ssl_verify = {ca}
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # it may be built first


class Server:
    """Where it listens, where its bucket is, and whose certificates its clients must trust."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.bucket = folder / "data/bucket"
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"

    def configure(self, trained: Project, secret: str = SECRET, ca: Path | None = None) -> None:
        """Have a project's data there."""
        text = CONFIG.format(port=self.port, secret=secret, ca=ca or self.certificate)
        trained.write(".dvc/config.local", text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("s3")
    server = Server(folder)
    server.bucket.mkdir(parents=True)
    certify(server.certificate, server.key)
    script = [str(ROOT / "infra/ci/versitygw.sh")]
    program = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    given = {"ROOT_ACCESS_KEY": "movierec", "ROOT_SECRET_KEY": SECRET}
    with Processes(folder, folder / "logs", environment()) as processes:
        options = ["--cert", str(server.certificate), "--key", str(server.key)]
        address = f"127.0.0.1:{server.port}"
        command = [program, "--port", address, *options, "posix", str(folder / "data")]
        processes.start("versitygw", command, given)
        processes.wait_until("versitygw", lambda: listens(server.port))
        yield server


def certify(certificate: Path, key: Path) -> None:
    """A certificate for loopback, signed by itself."""
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate), "-nodes", "-days", "30"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *names, *files],
        check=True,
        capture_output=True,
    )


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_release_on_s3_is_whole_and_what_is_damaged_there_is_named(
    trained: Project, server: Server
) -> None:
    server.configure(trained)
    done = trained.release("register")
    assert (done.status, trained.tags()) == (0, FIRST), done
    whole = trained.release("verify")
    assert (whole.status, whole.output.count(" 11     11  whole")) == (0, 2), whole
    objects = trained.objects(server.bucket / "movierec")
    assert len(objects) == 11
    with damaged(objects[0]):
        spoiled = trained.release("verify")
    assert spoiled.status == 1, spoiled
    name = objects[0].relative_to(server.bucket)
    assert f"damaged: s3://bucket/{name} (" in spoiled.output
    assert SECRET not in done.output + whole.output + spoiled.output


def test_who_is_not_let_in_is_told_so_in_a_line(trained: Project, server: Server) -> None:
    server.configure(trained, secret="canary-wrong")
    done = trained.release("register")
    assert (done.status, done.output.count("\n")) == (2, 1), done
    assert done.output.startswith("error: the DVC remote `s3`: Forbidden")
    assert ".dvc/config.local for its address and credentials" in done.output
    assert "canary" not in done.output
    assert_nothing_released(trained)


def test_a_server_that_nobody_vouches_for_is_not_used(
    trained: Project, server: Server, tmp_path: Path
) -> None:
    certify(tmp_path / "other.pem", tmp_path / "key.pem")
    server.configure(trained, ca=tmp_path / "other.pem")
    done = trained.release("register")
    assert (done.status, done.output.count("\n")) == (2, 1), done
    assert "certificate verify failed" in done.output.lower()
    assert_nothing_released(trained)
