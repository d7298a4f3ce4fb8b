"""The demo's three days: simulated, sent through the broker, collected, put into place.

The embedded broker forgets everything when it stops, so the days are collected in a
store of the demo's own and then hard-linked to `data/`, where `dvc repro` reads them. A
receipt remembers what made them: unchanged days are not made again.
"""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.demo.report import step
from infra.processes import Processes
from movierec.errors import BadInput, CorruptFile
from movierec.hashing import sha256_of
from movierec.store.days import closed_days, read_manifest

SEED = 7
PARTITIONS = 64
TOPIC = "movielog"
# What the bytes of a closed day depend on.
MAKERS = [
    "infra/simulator/*.py",
    "infra/kafka/embedded.py",
    "serve/collector*.py",
    "stages/movierec/lines/events.py",
    "stages/movierec/lines/parsing.py",
    "stages/movierec/lines/watchlines.py",
    "stages/movierec/hashing.py",
    "stages/movierec/store/placing.py",
    "stages/movierec/store/closing.py",
    "stages/movierec/day*.py",
    "stages/movierec/row*.py",
    "requirements.txt",
]


def make_days(root: Path, work: Path, processes: Processes) -> None:
    """Steps 1 to 3: see that `data/movielog/days` holds the days of window.yaml.

    Raises BadInput when a day that the demo did not make stands in the way.
    """
    days = yaml.safe_load((root / "data/window.yaml").read_text())["days"]
    receipt = work / "history.json"
    recipe = fingerprint(root, days)
    known = json.loads(receipt.read_text()) if receipt.exists() else {}
    if known.get("recipe") == recipe and known.get("days") == installed(root, days):
        for number, label in enumerate(["broker", "simulate", "collect"], start=1):
            with step(number, label, f"skipped: {len(days)} days of seed {SEED} are in data/"):
                pass
        return
    store = work / "history"
    shutil.rmtree(store, ignore_errors=True)
    with step(
        1, "broker", f"embedded, speaks Kafka's protocol, {PARTITIONS} partitions"
    ) as current:
        address = current.note = start_broker(processes, work)
    with step(2, "simulate", f"{len(days)} days of the event log, seed {SEED}") as current:
        command = [sys.executable, "-m", "infra.simulator.produce", "--bootstrap", address]
        command += ["--topic", TOPIC, "--seed", str(SEED)]
        command += ["--first-day", days[0], "--days", str(len(days))]
        current.note = _counts(json.loads(processes.run("simulate", command).splitlines()[-1]))
    with step(3, "collect", "Kafka → closed days, until caught up") as current:
        processes.run(
            "collect",
            [sys.executable, "-m", "serve.collector", "--until-caught-up", "--store", str(store)],
            kafka_environment(address, topics=TOPIC),
        )
        processes.stop("broker")
        current.note = _collected(store, days)
    install(root, store, days, known.get("days", {}))
    receipt.write_text(json.dumps({"recipe": recipe, "days": installed(root, days)}, indent=2))


def start_broker(processes: Processes, work: Path) -> str:
    """Start the embedded broker in a process of its own; returns its address."""
    address_file = work / "broker.address"
    address_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "infra.kafka.embedded", "--topics", TOPIC, "served"]
    command += ["--partitions", str(PARTITIONS), "--address-file", str(address_file)]
    processes.start("broker", command)
    processes.wait_until("broker", address_file.exists)
    return address_file.read_text().strip()


def kafka_environment(address: str, topics: str = f"{TOPIC},served") -> dict[str, str]:
    """Settings by which our programs reach the embedded broker."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_API_VERSION": "2.1",  # the mock cluster cannot negotiate one
        "COLLECTOR_TOPICS": topics,
        "COLLECTOR_METRICS_PORT": "0",
    }


def fingerprint(root: Path, days: list[str]) -> str:
    """SHA-256 over everything that decides the bytes of the demo's days."""
    digest = hashlib.sha256(json.dumps([SEED, PARTITIONS, days]).encode())
    for pattern in MAKERS:
        for path in sorted(root.glob(pattern)):
            digest.update(sha256_of(path).encode())
    return digest.hexdigest()


def installed(root: Path, days: list[str]) -> dict[str, str]:
    """day → SHA-256 of its manifest, for the days that stand in `data/`."""
    manifests = {day: root / "data" / TOPIC / "days" / day / "manifest.json" for day in days}
    return {day: sha256_of(path) for day, path in manifests.items() if path.exists()}


def install(root: Path, store: Path, days: list[str], ours: dict[str, str]) -> None:
    """Link the collected days into `data/`, replacing only days that the demo made before."""
    target = root / "data" / TOPIC / "days"
    target.mkdir(parents=True, exist_ok=True)
    made = {day: sha256_of(store / TOPIC / "days" / day / "manifest.json") for day in days}
    for day, found in installed(root, days).items():
        if found not in (ours.get(day), made[day]):
            raise BadInput(
                f"{target / day} holds a day that the demo did not make; move it away first"
            )
    for day in days:
        draft = target / f".{day}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(store / TOPIC / "days" / day, draft, copy_function=os.link)
        shutil.rmtree(target / day, ignore_errors=True)
        draft.rename(target / day)


def _counts(summary: dict[str, Any]) -> str:
    return f"{summary['lines']:,} lines, {summary['corrupted']:,} of them corrupted"


def _collected(store: Path, days: list[str]) -> str:
    missing = sorted(set(days) - set(closed_days(store, TOPIC)))
    if missing:
        raise CorruptFile(f"the collector did not close {', '.join(missing)}: see .demo/logs")
    totals = [read_manifest(store, TOPIC, day)["totals"] for day in days]
    stored, rejected, late = (
        sum(total[key] for total in totals) for key in ("stored", "rejected", "late")
    )
    return f"read {stored + rejected:,} = stored {stored:,} + rejected {rejected:,}; late {late:,}"
