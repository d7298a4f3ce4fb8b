"""Does the service answer with its model? The Dockerfile asks, and builds no image that does not.

    python answers.py        by the service's own settings, on a free port of loopback

Starts it as the image will, asks for somebody whom the model knows and for somebody whom it does
not, and stops it. What is wrong is the last line on stderr.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from movierec.models.modelfile import load_model

NOBODY = 10**17
SECONDS = 300.0
"""For the start: on a machine of this world it takes one or two."""


def main() -> int:
    """Ask; returns the exit status."""
    known = int(load_model(Path(os.environ["SERVICE_MODEL_DIR"])).users[0])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {**os.environ, "SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "serve.service"], env=own) as service:
        try:
            wait_until_ready(service, f"http://127.0.0.1:{port}")
            check(f"http://127.0.0.1:{port}/recommend/{known}", {"model"})
            check(f"http://127.0.0.1:{port}/recommend/{NOBODY}", {"popular"})
        finally:
            service.terminate()
    if service.returncode:
        raise SystemExit(f"answers: stopped, the service ended with {service.returncode}")
    return 0


def wait_until_ready(service: subprocess.Popen[bytes], url: str) -> None:
    """Return once it says that it is ready; raises SystemExit when it ends, or never does."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise SystemExit(f"answers: the service ended with {service.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=SECONDS):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit(f"answers: the service is not ready after {SECONDS:.0f} s")


def check(url: str, tiers: set[str]) -> None:
    """Raises SystemExit when an answer is no list of different movies, or of another tier."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            tier, movies = answer.headers["X-Answer-Tier"], answer.read().decode().split(",")
    except (urllib.error.URLError, ConnectionError) as error:
        raise SystemExit(f"answers: {url}: {error}") from None
    if tier not in tiers or not all(movies) or len(set(movies)) < len(movies):
        raise SystemExit(f"answers: {url}: {tier}: {movies}")


if __name__ == "__main__":
    raise SystemExit(main())
