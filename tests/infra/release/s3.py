"""An S3 server for the tests: versitygw, with TLS by a certificate of its own."""

import subprocess
from functools import partial
from pathlib import Path

from infra.processes import Processes, free_port, listens
from tests.infra.release.project import Project

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


class Server:
    """Where it listens, where its bucket is, and whose certificates its clients must trust."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self.bucket = folder / "data/bucket"
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        self.bucket.mkdir(parents=True)
        certify(self.certificate, self.key)
        script = [str(ROOT / "infra/ci/versitygw.sh")]
        done = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True)
        self.program = done.stdout.strip()

    def start(self, processes: Processes) -> None:
        """Listen; what the bucket had it has."""
        options = ["--cert", str(self.certificate), "--key", str(self.key)]
        address = f"127.0.0.1:{self.port}"
        command = [self.program, "--port", address, *options, "posix", str(self.data)]
        given = {"ROOT_ACCESS_KEY": "movierec", "ROOT_SECRET_KEY": SECRET}
        processes.start("versitygw", command, given)
        processes.wait_until("versitygw", partial(listens, self.port))

    def configure(
        self,
        trained: Project,
        secret: str = SECRET,
        ca: Path | None = None,
        port: int | None = None,
    ) -> None:
        """Have a project's data there; `port` is another way to it."""
        ca = ca or self.certificate
        text = CONFIG.format(port=port or self.port, secret=secret, ca=ca)
        trained.write(".dvc/config.local", text)


def certify(certificate: Path, key: Path) -> None:
    """A certificate for loopback, signed by itself."""
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate), "-nodes", "-days", "30"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *names, *files],
        check=True,
        capture_output=True,
    )
