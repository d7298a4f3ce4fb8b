"""Lines that come to Kafka at a constant rate, of one day and, once it is said, of the next."""

import threading
import time
from collections.abc import Sequence

from confluent_kafka import Producer

from movierec.times import day_name
from tests.bench.bench_ingest import FIRST_DAY, PARTITIONS

TOPIC = "movielog"
TICK_SECONDS = 0.02
QUEUED = 50_000
"""The most lines that wait in the producer."""


class Feed(threading.Thread):
    """Sends lines at a constant rate; `sent` is how many Kafka has, with those of before."""

    def __init__(self, address: str, made: Sequence[bytes], rate: int, before: int) -> None:
        super().__init__(daemon=True)
        self.made, self.rate, self.sent = made, rate, before
        self.is_next_day = self._ends = False
        self._address = address

    def end(self) -> None:
        """Have sent what will be sent."""
        self._ends = True
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Partition after partition; what could not be sent in time comes later."""
        producer = Producer({"bootstrap.servers": self._address, "linger.ms": 5})
        # Past the grace time: a quarter of an hour.
        tomorrow = f"{day_name(FIRST_DAY + 1)}T00:20:00".encode()
        started, done = time.monotonic(), 0
        while not self._ends:
            due = int((time.monotonic() - started) * self.rate)
            due = min(due, done + max(0, QUEUED - len(producer)))  # the broker may be slow
            for number in range(done, due):
                line = self.made[number % len(self.made)]
                if self.is_next_day:
                    line = tomorrow + line[line.find(b",") :]
                place = number // 100 % PARTITIONS
                producer.produce(TOPIC, line, partition=place, on_delivery=self._delivered)
            done = due
            producer.poll(TICK_SECONDS)
        producer.flush()

    def _delivered(self, error: object, _: object) -> None:
        assert error is None, error
        self.sent += 1
