"""The demo's three days: what users did and what they were answered, simulated, sent through the
broker, collected, put into place.

The embedded broker forgets everything when it stops, so the days are collected in a
store beside the demo's workspace and then hard-linked to its `data/`, where `dvc repro` reads
them. A receipt remembers what made them: unchanged days are not made again.
"""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.ci.imports import closure
from infra.demo.report import step
from infra.processes import Processes
from movierec.errors import BadInput, CorruptFile
from movierec.files import read_json, write_json
from movierec.hashing import sha256_of
from movierec.params import load_section
from movierec.routing import Routing
from movierec.store.days import closed_days, read_manifest

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]
WRITTEN = "2026-11-04"
"""As if trained the morning after."""
SEED = 7
PARTITIONS = 64
TOPIC, SERVED = TOPICS = ("movielog", "served")
MAKERS = ("infra/simulator/produce.py", "infra/kafka/embedded.py", "serve/collector/__main__.py")
"""The programs that decide, with what they import, the bytes of a closed day."""


def make_days(root: Path, work: Path, processes: Processes) -> None:
    """Steps 1 to 3: see that the closed days and the window of `root` are the demo's.

    Raises BadInput when a day that the demo did not make stands in the way.
    """
    receipt = work / "history.json"
    recipe = fingerprint(root, DAYS)
    known = read_receipt(receipt)
    if known.get("recipe") == recipe and known.get("days") == installed(root, DAYS):
        for number, label in enumerate(["broker", "simulate", "collect"], start=1):
            with step(number, label, f"skipped: {len(DAYS)} days of seed {SEED} are in data/"):
                pass
    else:
        store = work / "history"
        simulate(store, work, processes)
        install(root, store, DAYS, known.get("days", {}))
        write_json(receipt, {"recipe": recipe, "days": installed(root, DAYS)})
    command = [sys.executable, "-m", "infra.release.window", "--days", *DAYS]
    processes.run("window", [*command, "--written", WRITTEN])


def read_receipt(path: Path) -> dict[str, Any]:
    """What made the days that the demo made last; nothing where it made none."""
    return read_json(path, "remove it: the days are made anew") if path.exists() else {}


def simulate(store: Path, work: Path, processes: Processes) -> None:
    """Send the demo's days through a broker and collect them into `store`."""
    shutil.rmtree(store, ignore_errors=True)
    with step(
        1, "broker", f"embedded, speaks Kafka's protocol, {PARTITIONS} partitions"
    ) as current:
        address = current.note = start_broker(processes, work)
    with step(2, "simulate", f"{len(DAYS)} days of both logs, seed {SEED}") as current:
        command = [sys.executable, "-m", "infra.simulator.produce", "--bootstrap", address]
        command += ["--topic", TOPIC, "--served-topic", SERVED, "--seed", str(SEED)]
        command += ["--first-day", DAYS[0], "--days", str(len(DAYS))]
        summary = json.loads(processes.run("simulate", command).splitlines()[-1])
        current.say(_led(summary["arms"]))
        current.note = _counts(summary)
    with step(3, "collect", "Kafka → closed days, until caught up") as current:
        processes.run(
            "collect",
            [sys.executable, "-m", "serve.collector", "--until-caught-up", "--store", str(store)],
            kafka_environment(address),
        )
        processes.stop("broker")
        current.note = _collected(store, DAYS)


def start_broker(processes: Processes, work: Path) -> str:
    """Start the embedded broker in a process of its own; returns its address."""
    address_file = work / "broker.address"
    address_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "infra.kafka.embedded", "--topics", *TOPICS]
    command += ["--partitions", str(PARTITIONS), "--address-file", str(address_file)]
    processes.start("broker", command)
    processes.wait_until("broker", address_file.exists)
    return address_file.read_text().strip()


def kafka_environment(address: str) -> dict[str, str]:
    """Settings by which our programs reach the embedded broker."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_API_VERSION": "2.1",  # the mock cluster cannot negotiate one
        "COLLECTOR_TOPICS": ",".join(TOPICS),
        "COLLECTOR_METRICS_PORT": "0",
    }


def fingerprint(root: Path, days: list[str]) -> str:
    """SHA-256 over everything that decides the bytes of the demo's days."""
    routing = asdict(load_section(root / "params.yaml", "routing", Routing))
    digest = hashlib.sha256(json.dumps([SEED, PARTITIONS, days, routing]).encode())
    files = {path for program in MAKERS for path in closure(root, program)}
    for path in sorted({root / "requirements.txt", *files}):
        digest.update(sha256_of(path).encode())
    return digest.hexdigest()


def installed(root: Path, days: list[str]) -> dict[str, str]:
    """topic/day → SHA-256 of its manifest, for the days that stand in `data/`."""
    return made_in(root / "data", days)


def made_in(store: Path, days: list[str]) -> dict[str, str]:
    """topic/day → SHA-256 of its manifest, for those of `days` that a store has."""
    manifests = {
        f"{topic}/{day}": store / topic / "days" / day / "manifest.json"
        for topic in TOPICS
        for day in days
    }
    return {name: sha256_of(path) for name, path in manifests.items() if path.exists()}


def install(root: Path, store: Path, days: list[str], ours: dict[str, str]) -> None:
    """Link the collected days into `data/`, replacing only days that the demo made before."""
    made = made_in(store, days)
    for name, found in installed(root, days).items():
        topic, day = name.split("/")
        before = ours.get(name) or ours.get(day)  # receipts were of one topic once
        if found not in (before, made[name]):
            place = root / "data" / topic / "days" / day
            raise BadInput(f"{place} holds a day that the demo did not make; move it away first")
    for topic in TOPICS:
        target = root / "data" / topic / "days"
        target.mkdir(parents=True, exist_ok=True)
        for day in days:
            draft = target / f".{day}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(store / topic / "days" / day, draft, copy_function=os.link)
            shutil.rmtree(target / day, ignore_errors=True)
            draft.rename(target / day)


def _counts(summary: dict[str, Any]) -> str:
    corrupted = f"{summary['lines']:,} lines, {summary['corrupted']:,} of them corrupted"
    return f"{corrupted}; {summary['served']:,} answers"


def _led(arms: dict[str, dict[str, int]]) -> str:
    """Of how many lists of each arm users watched a movie next: an evaluation finds these, and what
    else they began soon after."""
    shares = (f"{name} {told['led'] / told['lists']:.3f}" for name, told in arms.items())
    return f"the movie that a user watched next was in the list: {', '.join(shares)} of all lists"


def _collected(store: Path, days: list[str]) -> str:
    for topic in TOPICS:
        if missing := sorted(set(days) - set(closed_days(store, topic))):
            raise CorruptFile(
                f"the collector did not close {', '.join(missing)} of {topic}: see .demo/logs"
            )
    totals = [read_manifest(store, topic, day)["totals"] for topic in TOPICS for day in days]
    stored, rejected, late = (
        sum(total[key] for total in totals) for key in ("stored", "rejected", "late")
    )
    return f"read {stored + rejected:,} = stored {stored:,} + rejected {rejected:,}; late {late:,}"
