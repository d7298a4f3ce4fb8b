"""Requests a second: the service beside a trivial Flask on gunicorn, one core each in turn.

    python -m tests.bench.bench_serve
    python -m tests.bench.bench_serve --kafka 127.0.0.1:9092   # not the embedded broker
    python -m tests.bench.bench_serve --replicas     # memory: two services, and one of two workers
    python -m tests.bench.bench_serve --workers      # requests/s of one process and of two workers

The server has one core, the generator (`load.py`) and the broker the others. Rounds alternate, and
each figure is the median of its rounds. Processor time is of the server's processes alone, and
counts most on a busy machine: 10⁶ divided by it is what the core could carry.
"""

import argparse
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from infra.demo.report import table
from infra.processes import answers_ok, die_with_parent, free_port
from movierec.cli import run, whole
from tests.bench.load import Outcome, closed, opened, quantile
from tests.bench.packages import RATERS, build
from tests.bench.predicting import predict_per_movie
from tests.brokers.embedded import embedded_broker

ROOT = Path(__file__).parents[2]
MOVIES = 5_000
CONNECTIONS = 32
GTHREAD = ["gunicorn", "-k", "gthread", "--threads", "8", "-w", "1", "--log-level", "error"]
PEER, WITH, ALONE = "trivial Flask, gunicorn", "service, Kafka", "service, no Kafka"
FIRST = "service, Kafka, nothing kept"
"""As if each user asked for the first time."""


class Server(NamedTuple):
    """One that runs."""

    pid: int
    port: int


def main(arguments: list[str]) -> int:
    """Measure and print tables, then JSON."""
    parser = argparse.ArgumentParser(prog="bench_serve", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=whole, default=5, help="of each load")
    parser.add_argument("--rounds", type=whole, default=3)
    parser.add_argument("--kafka", help="host:port of a broker; else an embedded one")
    parser.add_argument("--replicas", action="store_true", help="measure memory, not speed")
    parser.add_argument("--workers", action="store_true", help="measure a second core alone")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.replicas:
            found = replicas(build(folder / "model", MOVIES, raters=1_000_000))
        elif options.workers:
            found = workers(build(folder / "model", MOVIES), options.rounds, options.seconds)
        else:
            package = build(folder / "model", MOVIES)
            with kafka(folder, options.kafka) as address:
                found = speed(package, address, options.rounds, options.seconds)
            found |= predict_per_movie(package)
    print(table(["", "measured"], [[key, f"{value:,.2f}"] for key, value in found.items()]))
    print(json.dumps(found))
    return 0


@contextlib.contextmanager
def kafka(folder: Path, given: str | None) -> Iterator[str]:
    """The address of a broker."""
    with contextlib.ExitStack() as stack:
        yield given or stack.enter_context(embedded_broker(folder))


def speed(package: Path, address: str, rounds: int, seconds: float) -> dict[str, float]:
    """Peaks in turn, then half and twice the load of the full service's."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[1:]) or set(cores))
    silent = alone(package)
    logging = {**silent, "KAFKA_BOOTSTRAP_SERVERS": address}
    first = {**logging, "SERVICE_CACHE_BYTES": "0"}
    kinds = {PEER: None, WITH: logging, FIRST: first, ALONE: silent}
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    again: list[float] = []
    for _ in range(rounds):
        for kind, environment in kinds.items():
            with serving(cores[0], environment) as server:
                closed(server.port, asks(), CONNECTIONS, 1.0)
                before = processor_seconds(server.pid)
                outcome = closed(server.port, asks(), CONNECTIONS, seconds)
                spent = processor_seconds(server.pid) - before
                rates[kind].append(outcome.good)
                costs[kind].append(spent / sum(outcome.statuses.values()) * 1e6)
                if kind == WITH:
                    again.append(kept(server.port))
    found = {f"{kind}: requests/s": median(rates[kind]) for kind in kinds}
    found |= {f"{kind}: µs a request": median(costs[kind]) for kind in kinds}
    for kind in (WITH, FIRST, ALONE):
        pairs = zip(rates[kind], rates[PEER], costs[PEER], costs[kind], strict=True)
        ratios = [(a / b, c / d) for a, b, c, d in pairs]
        found[f"{kind}: × the peer's requests/s"] = median(ratio for ratio, _ in ratios)
        found[f"{kind}: × by processor time"] = median(ratio for _, ratio in ratios)
    found[f"{WITH}: of its answers, given before"] = median(again)
    return found | under_load(cores[0], kinds[WITH], rounds, seconds)


def under_load(
    core: int, environment: dict[str, str] | None, rounds: int, seconds: float
) -> dict[str, float]:
    """Half of the peak, and twice; each beside a peak of the same minute and process."""
    halves: list[Outcome] = []
    doubles: list[tuple[float, Outcome]] = []
    for _ in range(rounds):
        with serving(core, environment) as server:
            closed(server.port, asks(), CONNECTIONS, 1.0)
            peak = closed(server.port, asks(), CONNECTIONS, seconds).good
            doubles.append((peak, opened(server.port, asks(), 2 * peak, seconds)))
            halves.append(opened(server.port, asks(), peak / 2, seconds))
    every = [*halves, *(double for _, double in doubles)]
    others = [sum(o.statuses.values()) - o.statuses[200] - o.statuses[503] for o in every]
    probes = [quantile(double.probes, 1.0) * 1e3 for _, double in doubles]
    return {
        "half the peak: p50 ms": median(half.ms(0.5) for half in halves),
        "half the peak: p99 ms": median(half.ms(0.99) for half in halves),
        "twice the peak: answered / peak": median(double.good / peak for peak, double in doubles),
        "twice the peak: p99 ms of what is answered": median(d.ms(0.99) for _, d in doubles),
        "twice the peak: refused": median(
            d.statuses[503] / sum(d.statuses.values()) for _, d in doubles
        ),
        "twice the peak: slowest probe, ms": median(probes),
        "neither 200 nor 503": sum(others),
        "unanswered": sum(outcome.unanswered for outcome in every),
    }


def asks() -> Iterator[bytes]:
    """What users of chance ask, always the same ones in the same order."""
    users = random.Random(0)
    while True:
        yield b"/recommend/%d" % users.randrange(RATERS)


@contextlib.contextmanager
def serving(core: int | None, settings: dict[str, str] | None) -> Iterator[Server]:
    """The service with these settings, or without any the peer, on one core."""
    port = free_port()
    own = ("SERVICE_", "KAFKA_")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    if settings is None:
        command = [sys.executable, "-m", *GTHREAD, "-b", f"127.0.0.1:{port}"]
        command.append("tests.bench.trivial:app")
    else:
        command = [sys.executable, "-m", "serve.service"]
        environment |= {**settings, "SERVICE_PORT": str(port)}
    pin = ["taskset", "-c", str(core)] if core is not None else []
    with subprocess.Popen(
        pin + command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    ) as process:
        try:
            while not answers_ok(f"http://127.0.0.1:{port}/healthz"):
                if process.poll() is not None:
                    raise RuntimeError(f"{command[2]} ended with status {process.returncode}")
                time.sleep(0.05)
            yield Server(process.pid, port)
        finally:
            process.terminate()


def kept(port: int) -> float:
    """The share of a service's answers that it had kept."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        text = response.read().decode()
    found = dict(re.findall(r'^movierec_cached_answers_total{outcome="(\w+)"} (\S+)', text, re.M))
    return float(found["hit"]) / sum(map(float, found.values()))


def processor_seconds(pid: int) -> float:
    """Of a process and its children, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(processor_seconds, family(pid)[1:]))


def replicas(package: Path) -> dict[str, float]:
    """MB of a package of a million users, and of what two services hold of it, or two workers."""
    files = sum(path.stat().st_size for path in package.iterdir()) / 1e6
    found = {"package, MB": files}
    for name, services, workers in (("two services", 2, "1"), ("two workers", 1, "2")):
        settings = {**alone(package), "SERVICE_WORKERS": workers}
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(serving(None, settings)) for _ in range(services)]
            for server in servers:
                closed(server.port, asks(), CONNECTIONS, 2.0)
            pids = [pid for server in servers for pid in family(server.pid)]
            copies = sum(proportional(pid, "/memfd:") for pid in pids)
            all_of_it = sum(proportional(pid, "") for pid in pids)
        found |= {
            f"{name}, sealed copies of it (PSS), MB": copies,
            f"{name}, copies / package": copies / files,
            f"{name}, all of their PSS, MB": all_of_it,
            f"{name}, all of it / package": all_of_it / files,
        }
    return found


def workers(package: Path, rounds: int, seconds: float) -> dict[str, float]:
    """One process and two workers, on all cores, in turn. The generator takes its part of them, so
    that processor time tells more. Nothing is kept, so that answers are what is carried."""
    rates: dict[str, list[float]] = {"1": [], "2": []}
    costs: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(rounds):
        for count in rates:
            settings = {**alone(package), "SERVICE_WORKERS": count, "SERVICE_CACHE_BYTES": "0"}
            with serving(None, settings) as server:
                closed(server.port, asks(), CONNECTIONS, 1.0)
                before = processor_seconds(server.pid)
                outcome = closed(server.port, asks(), CONNECTIONS, seconds)
                spent = processor_seconds(server.pid) - before
            rates[count].append(outcome.good)
            costs[count].append(spent / sum(outcome.statuses.values()) * 1e6)
    found = {f"workers {count}: requests/s": median(rate) for count, rate in rates.items()}
    found |= {f"workers {count}: µs a request": median(cost) for count, cost in costs.items()}
    pairs = list(zip(rates["1"], rates["2"], costs["1"], costs["2"], strict=True))
    found["2 workers / 1, requests/s"] = median(two / one for one, two, _, _ in pairs)
    found["2 workers / 1, µs a request"] = median(two / one for _, _, one, two in pairs)
    return found


def alone(package: Path) -> dict[str, str]:
    """The settings of a service without Kafka."""
    return {"SERVICE_MODEL_DIR": str(package), "SERVICE_HOST": "127.0.0.1"}


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def proportional(pid: int, named: str) -> float:
    """PSS in MB of the mappings of files whose names hold a text, or of all."""
    total, counts = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            counts = named in line
        elif counts and line.startswith("Pss:"):
            total += int(line.split()[1])
    return total * 1024 / 1e6


if __name__ == "__main__":
    run(main)
