"""A real registry of images on loopback, Debian's `docker-registry`, which this machine's pods can
be pulled from: the one kind of address that needs neither TLS nor a setting of the cluster's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.processes import Processes, free_port, listens

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Its `host:port`."""
    port = free_port()
    (folder / "registry.yml").write_text(CONFIG.format(folder=folder, port=port))
    with Processes(folder, folder / "logs") as processes:
        processes.start("registry", ["docker-registry", "serve", str(folder / "registry.yml")])
        processes.wait_until("registry", lambda: listens(port))
        yield f"127.0.0.1:{port}"
