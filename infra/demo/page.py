"""`make page`: both models of the last demo behind the page for people, until Ctrl-C.

One rates and watches there as any user; the events go through the embedded broker, and the next
lists know of them. Nothing is kept: the broker forgets everything when it ends.
"""

import argparse
import contextlib
import signal
from pathlib import Path
from types import FrameType

from infra.demo import workspace
from infra.demo.history import start_broker
from infra.demo.living import start_services, url_of
from infra.demo.training import MODELS
from infra.processes import Processes, free_port
from infra.repository import attempt
from movierec.cli import run, whole
from movierec.errors import BadInput, Unavailable

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".demo"
MODELS_FOLDER = "workspace/models"


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="page", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--work", type=Path, default=WORK, help="the demo's folder")
    parser.add_argument("--port", type=whole, default=8080, help="of the page; 0: a free one")
    options = parser.parse_args(arguments)
    models = options.work / MODELS_FOLDER
    if not all((models / model).is_dir() for model in MODELS):
        raise BadInput(f"there are no models in {models}: run `make demo` first")
    signal.signal(signal.SIGTERM, _interrupt)
    with (
        Processes(ROOT, options.work / "logs", workspace.environment(ROOT)) as processes,
        contextlib.suppress(KeyboardInterrupt),
    ):
        url = start(options.work, options.port or free_port(), processes)
        print(f"the page is at {url}; Ctrl-C ends it", flush=True)
        status = processes.wait("page-svd")
        raise Unavailable(f"the service ended with status {status}: {processes.tail('page-svd')}")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends it as Ctrl-C does."""
    raise KeyboardInterrupt


def start(work: Path, port: int, processes: Processes) -> str:
    """Start a broker and a service a model, the first at `port`; returns where the page is."""
    address = start_broker(processes, work)
    # With `-dirty` behind it where an experiment was not committed.
    told = ("describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*")
    commit = attempt(work / "workspace", *told).stdout.decode().strip()
    ports = dict(zip(MODELS, [port, *(free_port() for _ in MODELS)], strict=False))
    urls = {model: url_of(at) for model, at in ports.items()}
    page = {"SERVICE_HISTORY": "on", "SERVICE_PAGE": "on", "SERVICE_PAGE_EVENTS": "on"}
    more = {
        model: page
        | {"SERVICE_PEERS": ",".join(f"{o}={url}" for o, url in urls.items() if o != model)}
        for model in MODELS
    }
    models = work / MODELS_FOLDER
    start_services("page", models, commit, address, ports, processes, more)
    return urls[next(iter(MODELS))]


if __name__ == "__main__":
    run(main)
