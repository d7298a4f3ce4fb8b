"""The test bed: a broker, topics with known lines, stores, and collectors on them."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from movierec.store.chain import read_end
from movierec.store.segments import partition_at
from movierec.url import root_of
from tests.brokers.kafka import Broker
from tests.brokers.s3 import BUCKET, Server
from tests.faults.ledger import Tally, examine
from tests.faults.lines import Log, make_log
from tests.faults.members import Member
from tests.faults.outcome import Outcome

CATCH_UP_SECONDS = 120.0
_numbers = itertools.count(1)


@dataclass
class Case:
    """One topic, what has been produced to it, and the store that collects it."""

    broker: Broker
    folder: Path
    partitions: int
    without: Sequence[str] = ()
    prefix: str = "log"
    config: dict[str, str | int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    place: str | None = None
    """Where on S3 its store is; None for a folder of its own."""
    forked: bool = False
    """Whether its collectors are forked (`forking`), which makes many starts cheap."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.topic = self.broker.create_topic(self.partitions, self.prefix, **self.config)
        self.store = root_of(self.place) if self.place else self.folder / "store"
        self.group = f"group-of-{self.topic}"
        self.produced: dict[int, list[bytes | None]] = {p: [] for p in range(self.partitions)}
        self.gone: dict[int, set[int]] = {}
        self.members: list[Member] = []

    # Lines

    def logs(self, count: int) -> list[Log]:
        """`count` lines in all, one log a partition."""
        return [make_log(count // self.partitions, seed) for seed in range(self.partitions)]

    def produce(self, logs: Sequence[Log], **config: str | int) -> None:
        """Append to each partition its log."""
        for partition, log in enumerate(logs):
            self.broker.produce(self.topic, log.lines, partition, log.timestamps, **config)
            self.produced[partition] += log.lines

    def feed(self, logs: Sequence[Log], seconds: float) -> threading.Thread:
        """Produce on a thread, evenly over about `seconds`; join it before `tally`."""
        steps = max(1, int(seconds * 5))
        thread = threading.Thread(target=self._feed, args=(logs, steps, seconds), daemon=True)
        thread.start()
        return thread

    def _feed(self, logs: Sequence[Log], steps: int, seconds: float) -> None:
        started = time.monotonic()
        for step in range(steps):
            pieces = [
                log[len(log.lines) * step // steps : len(log.lines) * (step + 1) // steps]
                for log in logs
            ]
            self.produce(pieces)
            time.sleep(max(0.0, started + seconds * (step + 1) / steps - time.monotonic()))

    # Collectors

    def member(
        self,
        *arguments: str,
        tracer: Sequence[str] = (),
        root: Path | None = None,
        group: str | None = None,
        **environment: str | int | float,
    ) -> Member:
        """Start a collector of the topic; keywords are its environment."""
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
            "COLLECTOR_TOPICS": self.topic,
            "COLLECTOR_GROUP": group or self.group,
            "COLLECTOR_STORE": str(root or self.store),
            "COLLECTOR_METRICS_PORT": "0",
            "COLLECTOR_SEGMENT_SECONDS": "0.3",
            "COLLECTOR_SEGMENT_ROWS": "20000",
            "COLLECTOR_GRACE_SECONDS": "60",
            "COLLECTOR_SESSION_TIMEOUT_MS": "1000",
            **self.environment,
            **{name: str(value) for name, value in environment.items()},
        }
        log = self.folder / f"member-{next(_numbers)}.log"
        forked = self.forked and not (self.without or tracer)
        member = Member(
            log, arguments, settings, without=self.without, tracer=tracer, forked=forked
        )
        self.members.append(member)
        return member

    def catch_up(self, outcome: Outcome, **more: str | int | float | Path | None) -> float:
        """Run a collector until all is on disk and closed; the seconds it took."""
        started = time.monotonic()
        member = self.member("--until-caught-up", **more)  # type: ignore[arg-type]
        if status := member.wait(CATCH_UP_SECONDS):
            outcome.stuck += 1
            outcome.note(f"catching up ended with {status}: {member.tail()}")
        return time.monotonic() - started

    def wait_durable(self, seconds: float = 60.0) -> float:
        """Wait until all that was produced is on disk; the seconds it took."""
        started = time.monotonic()
        while time.monotonic() - started < seconds and not self.is_durable():
            time.sleep(0.1)
        return time.monotonic() - started

    def is_durable(self) -> bool:
        """Whether the store's ends are those of the log."""
        return all(
            read_end(partition_at(self.store, self.topic, p)) >= len(lines)
            for p, lines in self.produced.items()
        )

    def stop_all(self) -> None:
        """End every collector that runs still."""
        for member in self.members:
            member.kill()

    def tally(self, root: Path | None = None) -> Tally:
        """What is on disk, against what was produced."""
        return examine(root or self.store, self.topic, self.produced, self.gone)


@dataclass
class Bed:
    """Makes cases for the faults of one run."""

    broker: Broker
    folder: Path
    quick: bool = False
    without: Sequence[str] = ()
    server: Server | None = None
    """Of S3, when the stores are there."""

    def case(self, partitions: int = 2, prefix: str = "log", **config: str | int) -> Case:
        """A new topic, an empty store."""
        folder = self.folder / f"case-{next(_numbers)}"
        place = f"s3://{BUCKET}/{folder.name}" if self.server else None
        return Case(self.broker, folder, partitions, self.without, prefix, config, place=place)

    def warm_up(self) -> None:
        """Let the collector compile once what it caches, so that no fault waits for it."""
        case = Case(self.broker, self.folder / "warm-up", 1)
        case.produce(case.logs(1000))
        case.catch_up(Outcome("warm-up"))

    def pick(self, quick: int, full: int) -> int:
        """How much to do."""
        return quick if self.quick else full


Fault = Callable[[Bed], Outcome]
