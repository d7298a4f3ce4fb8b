"""Releases that answer: their services, each by its tag's code, on a real broker, and users of all
kinds who ask them at once while one release takes the other's place."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np
from numpy.random import Generator

from infra.processes import Processes, answers_ok, free_port
from infra.release.context import make_context
from infra.release.tag import resolve
from movierec.routing import arm
from movierec.times import format_time
from tests.brokers.kafka import Broker

ROOT = Path(__file__).resolve().parents[4]
ARMS = {"svd": 50.0, "svdpp": 50.0}
ASKERS = 8
ENOUGH = 200
"""Answers of each tier by each release."""
DEADLINE_SECONDS = 90.0
TIERS = {"model", "fold-in", "popular"}
UNKNOWN = 10**9
"""Users from here on are in no model's data."""


class Live:
    """The services of releases, their topics and their store."""

    def __init__(self, folder: Path, repository: Path, broker: Broker) -> None:
        self.folder, self.repository, self.broker = folder, repository, broker
        self.store = folder / "store"
        self.events = broker.create_topic(3, "movielog")
        self.served = broker.create_topic(3, "served")
        self.processes = Processes(folder, folder / "logs")
        self.ports: dict[str, dict[str, int]] = {}
        """version → arm → port of who answers for it."""
        self.version = ""
        """Whom users ask now."""
        self.answered: Counter[tuple[str, str]] = Counter()
        """(model, tier) → answers that users got."""
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self, versions: Sequence[str]) -> None:
        """Start both arms' services of each version, by code and model of its tags. Before there
        are users, who are threads: none is here when a child is forked off."""
        self.ports = {v: {kind: self._start(f"{kind}@{v}") for kind in ARMS} for v in versions}
        for version, ports in self.ports.items():
            for kind, port in ports.items():
                ready = partial(answers_ok, f"http://127.0.0.1:{port}/readyz")
                self.processes.wait_until(f"{kind}@{version}", ready, DEADLINE_SECONDS)

    def stop(self, version: str) -> None:
        """End a version's services: what was asked is answered, and the log's lines are sent."""
        for kind in ARMS:
            self.processes.stop(f"{kind}@{version}")

    def _start(self, name: str) -> int:
        tag, port = resolve(self.repository, name), free_port()
        context = self.folder / name
        context.mkdir()
        make_context(self.repository, tag, context)
        settings = {
            "PYTHONPATH": f"{context}:{context / 'stages'}",
            "SERVICE_MODEL_DIR": str(context / "models" / tag.kind),
            "SERVICE_MODEL_VERSION": name,
            "SERVICE_GIT_COMMIT": tag.commit,
            "SERVICE_HOST": "127.0.0.1",
            "SERVICE_PORT": str(port),
            "SERVICE_HISTORY": "on",
            "SERVICE_EVENT_TOPIC": self.events,
            "SERVICE_SERVED_TOPIC": self.served,
            "SERVICE_IN_FLIGHT": "2",  # who comes over it gets the popular tier
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
        }
        self.processes.start(name, [sys.executable, "-m", "serve.service"], settings)
        return port

    def collect(self, *options: str) -> None:
        """Start the collector, or, with `--until-caught-up`, let it read all that there is."""
        settings = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}",
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
            "COLLECTOR_STORE": str(self.store),
            "COLLECTOR_TOPICS": f"{self.events},{self.served}",
            "COLLECTOR_SERVED_TOPIC": self.served,
            "COLLECTOR_GROUP": self.served,
            "COLLECTOR_METRICS_PORT": "0",
            "COLLECTOR_SEGMENT_SECONDS": "0.5",
        }
        command = [sys.executable, "-m", "serve.collector", *options]
        if options:
            self.processes.run("collector", command, settings)
        else:
            self.processes.start("collector", command, settings)

    @contextmanager
    def users(self) -> Iterator[None]:
        """They ask, watch and rate while the block runs."""
        model = next(self.folder.glob("svd@*")) / "models/svd"
        known, movies = (np.load(model / f"{name}.npy") for name in ("users", "movies"))
        failures: list[BaseException] = []

        def live(number: int) -> None:
            try:
                self._live(np.random.default_rng(number), known, movies)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=live, args=(number,)) for number in range(ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        assert not failures, failures[0]

    def _live(self, random: Generator, known: np.ndarray, movies: np.ndarray) -> None:
        connections: dict[int, HTTPConnection] = {}
        while not self._over.is_set():
            user = int(random.choice(known))
            if random.random() < 0.4:  # newcomers: some watch and rate, others only ask
                user = UNKNOWN + int(random.integers(0, 60))
            if random.random() < 0.3 and user % 3:
                self._does(user, movies[int(random.integers(0, len(movies)))].decode(), random)
            port = self.ports[self.version][arm(user, "1", ARMS)]
            connection = connections.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=30))
            accept = random.choice(["*/*", "application/json"])
            try:
                connection.request("GET", f"/recommend/{user}", headers={"Accept": accept})
                response = connection.getresponse()
                response.read()
            except (OSError, HTTPException):  # it was stopped: another has its place
                connections.pop(port).close()
                continue
            if response.status == 503:  # a machine as busy as that answers nobody in time
                continue
            assert response.status == 200, response.status
            with self._lock:
                self.answered[response.headers["X-Model"], response.headers["X-Answer-Tier"]] += 1
        for connection in connections.values():
            connection.close()

    def _does(self, user: int, movie: str, random: Generator) -> None:
        now = format_time(time.time_ns() // 1000 * 1000, 6)
        what = f"/data/m/{movie}/1.mpg" if random.random() < 0.5 else None
        what = what or f"/rate/{movie}={random.integers(100, 501) / 100:.2f}"
        self.broker.produce(self.events, [f"{now},{user},GET {what}".encode()], user % 3)

    def wait_until_enough_were_answered(self, version: str) -> None:
        """By each tier, and in all."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            with self._lock:
                tiers: Counter[str] = Counter()
                for (model, tier), count in self.answered.items():
                    tiers[tier] += count if model.endswith(f"@{version}") else 0
            if all(tiers[tier] >= ENOUGH for tier in TIERS):
                return
            assert time.monotonic() < deadline, tiers
            time.sleep(0.05)


def lived(folder: Path, repository: Path, broker: Broker, versions: tuple[str, str]) -> Live:
    """What is left of a run over two versions, the second in the first one's place while users ask:
    all of it is collected, and nothing runs any more."""
    live = Live(folder, repository, broker)
    first, second = versions
    with live.processes:
        live.collect()
        live.start(versions)
        live.version = first
        with live.users():
            live.wait_until_enough_were_answered(first)
            live.version = second
            live.stop(first)
            live.wait_until_enough_were_answered(second)
        live.stop(second)
        live.processes.stop("collector")
        live.collect("--until-caught-up")
    return live
