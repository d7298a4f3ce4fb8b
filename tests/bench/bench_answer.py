"""`make bench-answer`: what an answer costs, by rating alone and by uptake times liking.

    python -m tests.bench.bench_answer [--movies 5000 27000]
    python -m tests.bench.bench_answer --watchers 0 1000000

The first prints medians of `Recommender.answer()` for users with a row, ranked by either in turn in
the same run, and then of what else a service may be asked. The second makes packages of 5,000
movies with 10,000 users who rated and so many who only watched, starts the service on each, and
prints the size of the package and the service's memory when it is ready and after 1,000 answers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from infra.demo.report import table
from infra.processes import answers_ok, die_with_parent, free_port
from movierec.cli import run, whole
from movierec.models.modelfile import LoadedModel, load_model
from serve.service.reasons import figures
from serve.service.recommender import NOTHING, History, Recommender
from serve.service.similar import Neighbours
from tests.bench.packages import RATERS, build

ROOT = Path(__file__).parents[2]
ROUNDS, WARM = 600, 30
ANSWERS = 1_000
MOVIES = 5_000
STATUS = {"RSS": "VmRSS", "its own": "RssAnon", "model": "RssShmem", "maps": "RssFile"}


def main(arguments: list[str]) -> int:
    """Measure and print a table, then JSON."""
    parser = argparse.ArgumentParser(prog="bench_answer", description=__doc__.split("\n")[0])
    parser.add_argument("--movies", type=whole, nargs="+", default=[MOVIES, 27_000])
    parser.add_argument("--watchers", type=whole, nargs="+", help="measure memory, not time")
    options = parser.parse_args(arguments)
    results: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "model"
        for n in options.watchers or options.movies:
            if options.watchers:
                results[n] = memory(build(package, MOVIES, n), n)
            else:
                results[n] = speed(load_model(build(package, n)))
    first = "MB, users who only watched:" if options.watchers else "median µs, movies:"
    names = next(iter(results.values()))
    rows = [[name, *(f"{found[name]:,.1f}" for found in results.values())] for name in names]
    print(table([first, *(f"{n:,}" for n in results)], rows))
    print(json.dumps(results))
    return 0


def speed(model: LoadedModel) -> dict[str, float]:
    """Median microseconds of each question, on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    by_both, by_rating = Recommender(model), Recommender(replace(model, uptake=None))
    few, many = (History(NOTHING, np.empty(0), np.arange(n)) for n in (20, 200))
    rated, most = (History(np.arange(n), np.full(n, 4.0), NOTHING) for n in (20, 100))
    assert model.uptake is not None
    near = Neighbours(model.uptake)

    def in_json(user: int) -> Any:
        return figures(by_both, by_both.answer(user))

    result = medians(
        {"a row by rating alone": by_rating.answer, "a row by uptake × liking": by_both.answer}
    )
    alone, both = result.values()
    result |= {"their difference": both - alone, "their ratio": both / alone}
    for name, ask in {
        "with figures and reasons": in_json,
        "a row that watched 20 more": lambda user: by_both.answer(user, few),
        "a stranger who watched 20": lambda user: by_both.answer(RATERS + user, few),
        "a stranger who watched 200": lambda user: by_both.answer(RATERS + user, many),
        "a stranger who rated 20": lambda user: by_both.answer(RATERS + user, rated),
        "a stranger who rated 100": lambda user: by_both.answer(RATERS + user, most),
        "popular": lambda user: by_both.answer(RATERS + user),
        "neighbours of a movie": near.of,
    }.items():
        result |= medians({name: ask})
    return result


def medians(questions: dict[str, Callable[[int], Any]]) -> dict[str, float]:
    """Microseconds of each, asked in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in questions}
    for turn in range(WARM + ROUNDS):
        for name, ask in questions.items():
            started = time.perf_counter()
            ask(turn)
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken[WARM:]) * 1e6 for name, taken in seconds.items()}


def memory(package: Path, n_watchers: int) -> dict[str, float]:
    """Megabytes: of the package, and of a service that answers by it."""
    files = sum(path.stat().st_size for path in package.iterdir())
    uptake = sum(path.stat().st_size for path in package.glob("uptake_*"))
    watchers = sum(path.stat().st_size for path in package.glob("watchers*"))
    parts = {"package": files, "of that uptake": uptake, "of that watchers": watchers}
    result = {name: size / 1e6 for name, size in parts.items()}
    port = free_port()
    own = {name: text for name, text in os.environ.items() if not name.startswith("SERVICE_")}
    own |= {"SERVICE_MODEL_DIR": str(package), "SERVICE_PORT": str(port)}
    own |= {"SERVICE_HOST": "127.0.0.1", "KAFKA_BOOTSTRAP_SERVERS": ""}
    service = subprocess.Popen(
        [sys.executable, "-m", "serve.service"],
        cwd=ROOT,
        env=own,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    try:
        while not answers_ok(f"http://127.0.0.1:{port}/readyz"):
            if service.poll() is not None:
                raise RuntimeError(f"the service ended with status {service.returncode}")
            time.sleep(0.05)
        result |= {f"{name}, ready": size for name, size in held(service.pid).items()}
        users = np.random.default_rng(0).integers(0, RATERS + n_watchers, ANSWERS)
        for user in users.tolist():
            urllib.request.urlopen(f"http://127.0.0.1:{port}/recommend/{user}").read()
        result |= {f"{name}, later": size for name, size in held(service.pid).items()}
    finally:
        service.terminate()
        service.wait()
    return result


def held(pid: int) -> dict[str, float]:
    """Megabytes of a process: resident, of its own, of the model, and of files that it maps."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return {name: int(found[key].split()[0]) * 1024 / 1e6 for name, key in STATUS.items()}


if __name__ == "__main__":
    run(main)
