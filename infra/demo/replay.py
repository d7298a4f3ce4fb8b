"""`make replay RATINGS=…` or `LOG=…`: ratings or a saved log, through Kafka, to both RMSE.

    python -m infra.demo.replay --ratings ratings.dat --scale 0 10 --relevant 8
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
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import yaml

from infra.demo import workspace
from infra.demo.report import Step, step
from infra.demo.sources import add_source_options, evidence_of, name_of, send
from infra.demo.training import comparison, repro
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


def main(arguments: list[str]) -> int:
    """Replay, collect, `dvc repro`; prints the table of measures."""
    options = parse(arguments)
    kafka = KafkaSettings.from_environment(os.environ)
    shutil.rmtree(WORK, ignore_errors=True)
    workspace.prepare(ROOT, WORKSPACE)
    set_params(WORKSPACE / "params.yaml", options)
    topic = f"replay-{os.getpid()}-{time.time_ns() // 10**9}"
    set_topic(WORKSPACE / "dvc.yaml", topic)
    with ExitStack() as stack:
        environment = workspace.environment(WORKSPACE)
        processes = stack.enter_context(Processes(WORKSPACE, WORK / "logs", environment))
        stack.callback(delete_topic, kafka, topic)
        with step(1, "replay", f"{name_of(options)} → {kafka.address}", of=STEPS) as current:
            send(options, topic, IDS, processes, current)
        with step(2, "collect", "Kafka → closed days, until caught up", of=STEPS) as current:
            collect(topic, evidence_of(options), processes, current)
        with step(3, "dvc repro", "days → matrix → SVD, SVD++ → gate", of=STEPS) as current:
            if not options.keep_params:
                repro(processes, current, "preprocess")
                tune(WORKSPACE, options.search, current.say)
            repro(processes, current)
            workspace.commit(WORKSPACE, f"Train on {name_of(options)}")
        with step(4, "compare", "SVD beside SVD++ on the validation part", of=STEPS) as current:
            current.say(comparison(WORKSPACE))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__.splitlines()[0])
    add_source_options(parser)
    parser.add_argument("--scale", type=real, nargs=2, default=[1.0, 5.0], metavar=("LOW", "HIGH"))
    parser.add_argument("--relevant", type=real, default=4.0, help="a rating from here on is good")
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


def set_params(params: Path, options: argparse.Namespace) -> None:
    """Put the file's rating scale into a params.yaml."""
    document = read_yaml(params, "the project's params.yaml was copied there")
    document["events"].update(rating_min=options.scale[0], rating_max=options.scale[1])
    document["evaluate"]["relevant_rating"] = options.relevant
    params.write_text(yaml.safe_dump(document, sort_keys=False))


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
