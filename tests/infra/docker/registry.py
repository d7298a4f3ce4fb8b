"""A real registry of images on loopback, Debian's `docker-registry`: TLS by an authority of one's
own, and a password."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.processes import Processes, free_port, listens
from infra.registry.client import Registry
from infra.registry.settings import ImagesSettings
from tests.infra.registry.certificates import certify

USER, PASSWORD = "pusher", "canary-4711-registry"
CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}}}
http:
  addr: 127.0.0.1:{port}
  tls: {{certificate: {certificate}, key: {key}}}
auth: {{htpasswd: {{realm: images, path: {folder}/passwords}}}}
"""


class Server:
    """Where it listens, what it keeps, and how it is stopped and started."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.port = free_port()
        self.images = folder / "images"
        self.folder = folder
        self.certified = certify(folder)
        self._processes = processes
        given = {"folder": folder, "port": self.port}
        files = {"certificate": self.certified.certificate, "key": self.certified.key}
        (folder / "config.yml").write_text(CONFIG.format(**given, **files))
        made = subprocess.run(
            ["htpasswd", "-nBi", USER], input=PASSWORD, capture_output=True, text=True, check=True
        )
        (folder / "passwords").write_text(made.stdout)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def settings(self, password: str = PASSWORD) -> ImagesSettings:
        ca = str(self.certified.ca)
        return ImagesSettings(registry=self.host, user=USER, password=password, ca=ca)

    def variables(self) -> dict[str, str]:
        """What a program is told of it."""
        return {
            "IMAGES_REGISTRY": self.host,
            "IMAGES_USER": USER,
            "IMAGES_PASSWORD": PASSWORD,
            "IMAGES_CA": str(self.certified.ca),
        }

    def registry(self) -> Registry:
        return Registry(self.settings())

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._processes.start(
            "registry", ["docker-registry", "serve", str(self.folder / "config.yml")]
        )
        self._processes.wait_until("registry", lambda: listens(self.port))

    def kill(self) -> None:
        """End it without a word."""
        os.kill(self._processes.running["registry"].pid, signal.SIGKILL)
        self._processes.wait("registry")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A registry that keeps its images in a folder."""
    with Processes(folder, folder / "logs") as processes:
        server = Server(folder, processes)
        server.start()
        yield server


def throw_away(server: Server, names: list[str]) -> None:
    """Take images out of Docker's engine, also under the registry's name for them."""
    both = [*names, *(f"{server.host}/{name}" for name in names)]
    subprocess.run(["docker", "image", "rm", "--force", *both], capture_output=True)
