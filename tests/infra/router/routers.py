"""The router as its program starts it, before stand-ins for the arms."""

import contextlib
import http.client
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.processes import Processes, answers_ok, free_port
from infra.router.weights import as_json
from movierec.routing import Routing
from tests.infra.router.arms import Arm
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
EVEN = {"svd": 50.0, "svdpp": 50.0}
PATIENT = {"ROUTER_DEADLINE_MS": "60000"}
"""Nobody is slow: for tests of anything but time, on machines that are busy."""


@dataclass(frozen=True)
class Answer:
    """What a caller gets."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def told(self) -> dict[str, Any]:
        """What a stand-in says that it was asked."""
        document: dict[str, Any] = json.loads(self.text)
        return document

    @property
    def arm(self) -> str:
        """Who answered."""
        return self.headers["X-Model"].partition("@")[0]


@dataclass(frozen=True)
class Router:
    """A running router."""

    port: int
    status_port: int
    routing: Path
    processes: Processes

    def connect(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, path: str, **headers: str) -> Answer:
        """A GET on a connection of its own; `_` in a header's name stands for `-`."""
        return self.ask("GET", path, None, {k.replace("_", "-"): v for k, v in headers.items()})

    def ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """A request on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            return exchange(connection, method, path, body, headers)

    def together(self, paths: list[str]) -> list[Answer]:
        """The answers to requests that are made at the same time."""
        answers: list[Answer] = []
        threads = [
            threading.Thread(target=lambda path=path: answers.append(self.get(path)))
            for path in paths
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def deal(self, weights: Mapping[str, float], salt: str = "1") -> None:
        """Put other weights in force, in one step."""
        put(self.routing, json.dumps(as_json(Routing(salt, dict(weights)))))

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The access log, once it has `count` lines: a line is written behind its answer."""
        log = self.processes.logs / "router.log"
        until(lambda: log.read_text().count("\n") >= count)
        return [json.loads(line) for line in log.read_text().splitlines()]


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request and its answer."""
    connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    told: dict[str, str] = {}
    for name, value in response.getheaders():
        told[name] = f"{told[name]} and {value}" if name in told else value
    return Answer(response.status, told, response.read().decode())


def put(path: Path, text: str) -> None:
    """Write beside, then rename."""
    draft = path.with_name(".draft")
    draft.write_text(text)
    draft.replace(path)


def environment_of(folder: Path, arms: Mapping[str, Arm]) -> dict[str, str]:
    """What a router for these arms is told."""
    return {
        "ROUTER_ARMS": ",".join(f"{name}={arm.address}" for name, arm in arms.items()),
        "ROUTER_ROUTING": str(folder / "routing.json"),
        "ROUTER_FOLDER": str(folder / "run"),
        "ROUTER_HOST": "127.0.0.1",
        "ROUTER_PORT": str(free_port()),
        "ROUTER_STATUS_PORT": str(free_port()),
        "ROUTER_RATE": "1000000",
        "ROUTER_BURST": "1000000",
    }


@contextlib.contextmanager
def router(arms: Mapping[str, Arm], weights: Mapping[str, float], **told: str) -> Iterator[Router]:
    """A router that listens. Its folder is open to nginx's own user, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="movierec-router-"))
    folder.chmod(0o755)
    environment = {**environment_of(folder, arms), **told}
    routing = Path(environment["ROUTER_ROUTING"])
    ports = [int(environment[name]) for name in ("ROUTER_PORT", "ROUTER_STATUS_PORT")]
    try:
        with Processes(ROOT, folder / "logs", os.environ) as processes:
            made = Router(ports[0], ports[1], routing, processes)
            if not routing.exists():
                made.deal(weights)
            processes.start("router", [sys.executable, "-m", "infra.router.start"], environment)
            processes.wait_until(
                "router", lambda: answers_ok(f"http://127.0.0.1:{made.port}/healthz"), 120
            )
            yield made
    finally:
        shutil.rmtree(folder)
