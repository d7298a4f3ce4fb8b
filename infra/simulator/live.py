"""Simulated users live with the services: they ask, watch what they like, and rate it.

    python -m infra.simulator.live --bootstrap A --seconds 30 --seed 7 \\
        --service svd=http://127.0.0.1:8081 --service svdpp=http://127.0.0.1:8082

With `--router http://127.0.0.1:8080` they ask that address alone. The users are the world's of
that seed, so they have a past in its log. Each keeps to one service: the router's choice, or
without one the same (movierec.routing, by params.yaml). A user reads the list from the top, as far
as patience goes, and starts the first movie that appeals, which depends on the hidden taste: better
lists convert more. Lines carry the clock's time. The last line on stdout is a JSON object of
counts; `models` are the answers of each version, as their headers name it.
"""

import argparse
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from infra.simulator.answers import request_text
from infra.simulator.exact import partition_of, stream
from infra.simulator.sender import Sender, add_kafka_options, kafka_of
from infra.simulator.world import HIGH, LOW, World, add_options, make_world, rate
from movierec.cli import real, run
from movierec.errors import BadInput, Unavailable
from movierec.lines.events import Account, Rating, Request, Watch, format_event
from movierec.params import load_section
from movierec.routing import Routing, arm

NS_PER_MS = 1_000_000
DIGITS = 6
ASKERS = 4
"""Threads that ask; each has one connection to each service."""
TIMEOUT_SECONDS = 5.0
PATIENCE = 0.85
"""Of the users who read one entry of the list, these read the next."""
APPEAL = 0.15
"""Chance that a user starts a movie with a liking at the top of the scale; quadratic below."""
ELSEWHERE = 0.3
"""Of the users who start nothing from the list, these watch a popular movie instead."""
RATES = 0.25
NEWCOMERS = 0.02
"""Of the requests, these come from people whom no model knows."""


ROUTER = "router"


@dataclass(frozen=True)
class Service:
    """An arm of the experiment, or the router before all, and where it answers."""

    arm: str
    host: str
    port: int


class Crowd:
    """Users who ask at random moments until `deadline` (monotonic seconds)."""

    def __init__(
        self, world: World, services: list[Service], routing: Routing, sender: Sender, rate: float
    ) -> None:
        self.world = world
        self.routing = routing
        self.services = {service.arm: service for service in services}
        self.sender = sender
        self.pause = ASKERS / rate
        self.columns = {slug: column for column, slug in enumerate(world.movies)}
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.answered: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.last_failure: dict[str, str] = {}

    def live(self, seconds: float) -> None:
        """Ask with several threads. Raises what a thread raised."""
        deadline = time.monotonic() + seconds
        failures: list[BaseException] = []

        def ask(number: int) -> None:
            try:
                self._ask_until(deadline, number)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(ASKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _ask_until(self, deadline: float, number: int) -> None:
        random = stream(self.world.seed, 3, number)
        connections = {
            name: HTTPConnection(s.host, s.port, timeout=TIMEOUT_SECONDS)
            for name, s in self.services.items()
        }
        while time.monotonic() < deadline:
            row = int(random.integers(0, len(self.world.users)))
            new = random.random() < NEWCOMERS
            user = int(self.world.users[row]) + (10**9 if new else 0)
            asked = self._asked(user)
            if new:
                self._log(Account(time.time_ns() // 1000 * 1000, DIGITS, user), "accounts")
            ids = self._recommend(connections[asked], self.services[asked], user)
            self._react(random, row, user, ids)
            time.sleep(float(random.random()) * 2 * self.pause)
        for connection in connections.values():
            connection.close()

    def _asked(self, user: int) -> str:
        """Whom a site asks for `user`."""
        if ROUTER in self.services:
            return ROUTER
        return arm(user, self.routing.salt, self.routing.weights)

    def _recommend(self, connection: HTTPConnection, service: Service, user: int) -> list[str]:
        """Ask for a list and log the answer as a site does; empty when there was none."""
        started = time.monotonic()
        status, text, model = 0, "", ""
        try:
            connection.request("GET", f"/recommend/{user}")
            response = connection.getresponse()
            status, text = response.status, response.read().decode()
            model = response.headers.get("X-Model", service.arm)
        except (OSError, HTTPException) as error:
            connection.close()
            text = f"{type(error).__name__}: {error}"
        ms = round((time.monotonic() - started) * 1000)
        ids = text.split(",") if status == 200 else [text]
        answer = request_text(ids, status, ms, host=f"{service.host}:{service.port}")
        self._log(Request(time.time_ns() // 1000 * 1000, DIGITS, user, answer), "requests")
        with self.lock:
            if status == 200:
                self.answered[service.arm] += 1
                self.models[model] += 1
                return ids
            self.counts["failures"] += 1
            self.last_failure[service.arm] = f"{service.host}:{service.port}: {text}"
        return []

    def _react(self, random: np.random.Generator, row: int, user: int, ids: list[str]) -> None:
        """Start a movie of the list, or another, or none; perhaps rate it."""
        liking = self.world.liking(np.array([row]))[0]
        column = self._choice(random, liking, ids)
        if column is None:
            if random.random() >= ELSEWHERE:
                return
            column = int(random.integers(0, min(40, len(liking))))
        movie = self.world.movies[column]
        for minute in range(int(random.integers(1, 4))):
            self._log(Watch(time.time_ns() // 1000 * 1000, DIGITS, user, movie, minute), "watches")
        if random.random() < RATES:
            text = str(int(rate(random, liking[column : column + 1])[0]))
            self._log(Rating(time.time_ns() // 1000 * 1000, DIGITS, user, movie, text), "ratings")

    def _choice(
        self, random: np.random.Generator, liking: np.ndarray, ids: list[str]
    ) -> int | None:
        """The first movie of the list that appeals, read as far as patience goes."""
        for slug in ids:
            column = self.columns.get(slug)
            if column is not None:
                pleasure = min(1.0, max(0.0, (float(liking[column]) - LOW) / (HIGH - LOW)))
                if random.random() < APPEAL * pleasure * pleasure:
                    return column
            if random.random() >= PATIENCE:
                return None
        return None

    def _log(self, event: Account | Rating | Request | Watch, name: str) -> None:
        partition = int(partition_of(np.array([event.user]), self.sender.partitions)[0])
        with self.lock:
            self.sender.send(format_event(event), partition, event.time // NS_PER_MS)
            self.sender.poll()
            self.counts[name] += 1


def main(arguments: list[str]) -> int:
    """Let users live with the services for a while; prints the counts."""
    options = parse(arguments)
    services = [service_of(text) for text in options.service]
    if options.router is not None:
        wanted = f"--router {options.router!r}: expected http://host:port"
        services = [service_at(ROUTER, options.router, wanted)]
    kafka = kafka_of(options)
    routing = routing_of(options.params, services)
    world = make_world(options.seed, options.users, options.movies)
    with Sender(kafka, options.topic, linger_ms=100) as sender:
        crowd = Crowd(world, services, routing, sender, options.requests_per_second)
        crowd.live(options.seconds)
    names = ("requests", "failures", "watches", "ratings", "accounts")
    counts = {name: crowd.counts[name] for name in names}
    print(json.dumps({**counts, "models": dict(sorted(crowd.models.items()))}))
    for name, failure in crowd.last_failure.items():
        if not crowd.answered[name]:
            raise Unavailable(f"service {name!r} never answered; its last try: {failure}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="live", description=(__doc__ or "").split("\n")[0])
    add_kafka_options(parser)
    parser.add_argument("--seconds", type=real, default=30.0)
    parser.add_argument("--requests-per-second", type=real, default=60.0)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--service", action="append", metavar="ARM=URL", default=[])
    asked.add_argument("--router", metavar="URL")
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.seconds <= 0 or options.requests_per_second <= 0:
        raise BadInput("--seconds and --requests-per-second must be above 0")
    return options


def routing_of(path: Path, services: list[Service]) -> Routing:
    """How params.yaml deals users to those of `services` that are arms. Raises BadInput for one
    that it does not know."""
    routing = load_section(path, "routing", Routing)
    names = [service.arm for service in services if service.arm != ROUTER]
    if unknown := [name for name in names if name not in routing.weights]:
        raise BadInput(f"{path}: routing: weights: none of {', '.join(unknown)}")
    weights = {name: routing.weights[name] for name in names}
    return Routing(routing.salt, weights or routing.weights)


def service_of(text: str) -> Service:
    """`svd=http://host:port` as a Service. Raises BadInput."""
    name, _, url = text.partition("=")
    if not name:
        raise BadInput(f"--service {text!r}: expected ARM=http://host:port")
    return service_at(name, url, f"--service {text!r}: expected ARM=http://host:port")


def service_at(name: str, url: str, otherwise: str) -> Service:
    """The Service at an http URL. Raises BadInput(otherwise)."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname and parts.port:
            return Service(name, parts.hostname, parts.port)
    except ValueError:  # the port is no number
        pass
    raise BadInput(otherwise)


if __name__ == "__main__":
    run(main)
