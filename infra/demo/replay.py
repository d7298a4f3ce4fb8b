"""`make replay RATINGS=…` or `LOG=…`: ratings or a saved log, through Kafka, to both RMSE.

    python -m infra.demo.replay --ratings ratings.dat [--scale 0 10 --relevant 8]
    python -m infra.demo.replay --log capture.log.gz

The broker is the one that KAFKA_BOOTSTRAP_SERVERS names; the replay has a topic of its own there,
which is deleted in the end. The pipeline runs in a workspace
below `.demo/replay/`, so the days, models and dvc.lock of the working folder stay as they are.
Models train with the values that fit the file (`infra.demo.tuning`), or with `--keep-params` as
params.yaml says.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import yaml

from infra.demo import workspace
from infra.demo.report import Step, step
from infra.demo.sources import add_source_options, evidence_of, name_of, send
from infra.demo.training import comparison, counted, repro
from infra.demo.tuning import tune
from infra.processes import Processes
from infra.simulator.topics import delete_topic
from movierec.cli import real, run
from movierec.errors import BadInput
from movierec.store.days import closed_days
from movierec.yamlfile import read_yaml
from serve.kafka import KafkaSettings

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".demo/replay"
WORKSPACE = WORK / "workspace"
IDS = WORK / "ids"
"""Which of the log's ids is which of the file's, where they differ."""
STEPS = 4
RELEVANT = 0.75
"""Where on the scale good ratings begin: at 4 of 1 to 5."""


def main(arguments: list[str]) -> int:
    """Replay, collect, `dvc repro`; prints the table of measures."""
    options = parse(arguments)
    kafka = KafkaSettings.from_environment(os.environ)
    shutil.rmtree(WORK, ignore_errors=True)
    workspace.prepare(ROOT, WORKSPACE)
    topic = f"replay-{os.getpid()}-{time.time_ns() // 10**9}"
    set_topic(WORKSPACE / "dvc.yaml", topic)
    with ExitStack() as stack:
        environment = workspace.environment(WORKSPACE)
        processes = stack.enter_context(Processes(WORKSPACE, WORK / "logs", environment))
        stack.callback(delete_topic, kafka, topic)
        with step(1, "replay", f"{name_of(options)} → {kafka.address}", of=STEPS) as current:
            scale = send(options, topic, IDS, processes, current).get("scale")
            relevant = set_params(WORKSPACE / "params.yaml", scale, options.relevant)
            current.say(f"a rating counts as good from {relevant:g} on (--relevant)")
        with step(2, "collect", "Kafka → closed days, until caught up", of=STEPS) as current:
            collect(topic, evidence_of(options), processes, current)
        with step(3, "dvc repro", "days → matrix → SVD, SVD++ → gate", of=STEPS) as current:
            told: dict[str, str] = {}
            if not options.keep_params:
                repro(processes, current, "preprocess", told=told)
                tune(WORKSPACE, options.search, current.say)
            repro(processes, current, told=told)
            current.say(counted(WORKSPACE))
            workspace.commit(WORKSPACE, f"Train on {name_of(options)}")
        with step(4, "compare", "SVD beside SVD++ on the validation part", of=STEPS) as current:
            current.say(comparison(WORKSPACE))
    print("\n".join(onwards()))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__.splitlines()[0])
    add_source_options(parser)
    scale = "of a table; default: its own lowest and highest rating"
    parser.add_argument("--scale", type=real, nargs=2, metavar=("LOW", "HIGH"), help=scale)
    relevant = "a rating from here on is good; default: from three quarters of the scale"
    parser.add_argument("--relevant", type=real, help=relevant)
    parser.add_argument("--keep-params", action="store_true", help="train as params.yaml says")
    parser.add_argument(
        "--search", type=real, default=0, metavar="SECONDS", help="for better values, a model"
    )
    options = parser.parse_args(arguments)
    if not options.search >= 0:
        raise BadInput("--search must be 0 or more seconds")
    return options


def set_topic(pipeline: Path, topic: str) -> None:
    """Let a dvc.yaml read the days of `topic`: a closed day says whose it is."""
    pipeline.write_text(pipeline.read_text().replace("data/movielog/", f"data/{topic}/"))


def set_params(params: Path, scale: Sequence[float] | None, relevant: float | None) -> float:
    """Put a rating scale, where there is one, and the lowest good rating into a params.yaml, which
    without one is at RELEVANT of the scale; returns it."""
    document = read_yaml(params, "the project's params.yaml was copied there")
    events = document["events"]
    if scale is not None:
        events.update(rating_min=scale[0], rating_max=scale[1])
    if relevant is None:
        low, high = events["rating_min"], events["rating_max"]
        relevant = low + RELEVANT * (high - low)
    document["evaluate"]["relevant_rating"] = relevant
    params.write_text(yaml.safe_dump(document, sort_keys=False))
    return relevant


def onwards() -> list[str]:
    """What one can do now, and how."""
    place = WORKSPACE.relative_to(ROOT)
    ids = f" --ids {IDS.relative_to(ROOT)}" if IDS.exists() else ""
    first = int(np.load(WORKSPACE / "models/svdpp/users.npy", mmap_mode="r")[0])
    lists = f"python -m infra.release lists --model svdpp --models {place}/models"
    return [
        f"go on in {place}: dvc exp run -S train.svd.n_factors=32; then here: make compare "
        f"IN={place}",
        f"every user's list: {lists} --output lists.csv{ids}",
        f"serve it: SERVICE_MODEL_DIR={place}/models/svdpp python -m serve.service, which answers "
        f"http://127.0.0.1:8080/recommend/{first}",
    ]


def collect(topic: str, evidence: dict[str, str], processes: Processes, current: Step) -> None:
    """Collect the topic into the workspace's data/ and let the window use every closed day."""
    store = WORK / "store"
    command = [sys.executable, "-m", "serve.collector", "--until-caught-up", "--store", str(store)]
    settings = {"COLLECTOR_TOPICS": topic, "COLLECTOR_METRICS_PORT": "0"} | evidence
    processes.run("collect", command, settings)
    days = closed_days(store, topic)
    shutil.copytree(store / topic, WORKSPACE / "data" / topic)
    # As if trained the morning after: how old a replay's days are says nothing.
    written = (date.fromisoformat(days[-1]) + timedelta(days=1)).isoformat()
    command = [sys.executable, "-m", "infra.release.window", "--topic", topic]
    processes.run("window", [*command, "--days", *days, "--written", written])
    current.note = f"days {', '.join(days)}"


if __name__ == "__main__":
    run(main)
