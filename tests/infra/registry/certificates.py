"""An authority of one's own, and what it certifies."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

NEW = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Certified:
    """Files in PEM: the authority's certificate, and a server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path


def certify(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Certified:
    """Files in `folder`, of a server by those names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certified(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority = folder / "ca.key"
    run("-subj", "/CN=an authority", "-keyout", str(authority), "-out", str(made.ca))
    signed = ("-CA", str(made.ca), "-CAkey", str(authority), "-addext", f"subjectAltName={names}")
    leaf = ("-subj", "/CN=a server", "-addext", "basicConstraints=CA:FALSE")
    run(*leaf, *signed, "-keyout", str(made.key), "-out", str(made.certificate))
    return made


def run(*options: str) -> None:
    done = subprocess.run([*NEW, "-days", "2", *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
