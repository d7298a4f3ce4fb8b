"""The loop, those who watch it, and what can be done to it."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from infra.demo.history import SEED, TOPIC
from infra.demo.monitored import Loop
from infra.monitoring.local import NODE, Monitoring, mounted_elsewhere
from infra.monitoring.pace import Pace
from infra.monitoring.webhook import SLACK, WATCHDOG, Webhook
from infra.processes import Processes
from movierec.times import DAY_SECONDS, day_name
from tests.infra.demo.listening import Listening, until
from tests.infra.demo.worldly import save_models
from tests.infra.prometheus.batch import MEASURE, OFFLINE, REPORTS, begin, release

FACTOR = 30.0
"""A minute of production is two seconds here."""
STEP_BYTES = 30_000
"""The disk loses so much every fifth of a second: a half of it before it is heard of."""
FINE = MEASURE | {"passed": True}
WELL = {
    **REPORTS,
    "metrics/svdpp.json": OFFLINE,
    "reports/gate.json": {"svd": {"pass": True}, "svdpp": {"pass": True}},
    "reports/validate.json": {"passed": True, "measures": {"reject_share": FINE}},
    "reports/drift.json": {"day": "2026-11-02", "measures": {"ratings": FINE}},
    "metrics/online.json": {
        "days": ["2026-11-01", "2026-11-02"],
        "models": {f"{arm}@v1.0.0": release(arm) for arm in ("svd", "svdpp")},
        "experiment": {"mismatch": 0.4},
        "releases": {"svd": [], "svdpp": []},
    },
}
"""What a night reports after which nobody need do anything."""


class Watched:
    """In a folder that has `disk`, a file system of its own, and, while `processes` runs."""

    def __init__(self, folder: Path, processes: Processes, webhook: Webhook) -> None:
        self.folder, self.faults, self.disk = folder, folder / "faults", folder / "disk"
        self.webhook = webhook
        self.loop = Loop(folder, folder / "models", "c0ffee", processes)
        self.loop.program = "tests.infra.demo.faulty"
        self.loop.data_day = day_before(1)
        self.monitoring = Monitoring(folder / "monitoring", processes, Pace(FACTOR))
        self.listening = Listening(webhook, self.monitoring)

    def start(self) -> None:
        """Everything, until Prometheus has scraped all of it."""
        self.faults.mkdir()
        save_models(self.folder / "models", SEED)
        self.loop.start()
        secrets = {
            "slack_webhook": self.webhook.url(SLACK),
            "watchdog_url": self.webhook.url(WATCHDOG),
        }
        only = f"--collector.filesystem.mount-points-exclude={mounted_elsewhere(self.disk)}"
        self.monitoring.start(self.loop.targets, secrets, [only])
        command = [sys.executable, "-m", "infra.prometheus.handover", "--outcome", "success"]
        command += ["--root", str(begin(self.folder / "project", WELL))]
        command += ["--output", str(self.monitoring.textfiles)]
        self.loop.processes.run("handover", command)
        until("all are scraped", lambda: self.monitoring.up() == {*self.loop.targets, NODE})

    def service(self, arm: str, fault: str) -> None:
        """Have an arm's recommender fail (`fails`) or dawdle (`slow`); an empty word: neither."""
        draft = self.faults / f".{arm}"
        draft.write_text(fault)
        draft.replace(self.faults / arm)

    @contextmanager
    def bad_lines(self) -> Iterator[None]:
        """Among the log's lines, one in some ten that is none."""
        producer = Producer({"bootstrap.servers": self.loop.address, "log_level": 0})
        with repeated(lambda n: producer.produce(TOPIC, f"line {n} of nobody".encode()), 0.05):
            yield
        producer.flush(60)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """The disk has less and less left; in the end it has all of it again."""
        with repeated(lambda n: (self.disk / f"{n}").write_bytes(b"1" * STEP_BYTES), 0.2):
            yield
        for path in self.disk.glob("[0-9]*"):
            path.unlink()


def day_before(days: int) -> str:
    """A day so many days ago."""
    return day_name(int(time.time() // DAY_SECONDS) - days)


@contextmanager
def repeated(act: Callable[[int], object], seconds: float) -> Iterator[None]:
    """Do something again and again, in a thread, while the block runs."""
    over = threading.Event()

    def work() -> None:
        number = 0
        while not over.wait(seconds):
            act(number)
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
