"""Every answer as a JSON line to Kafka: best effort, and never in the way of an answer.

librdkafka's queue is bounded and its threads do the sending. A line that finds the queue
full, or that no broker takes in time, is dropped and counted. Lines are keyed by user, and
may arrive twice after a retry, the same to the byte. A request id is the caller's, who may repeat
it, and tells no two answers apart.
"""

import json
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from confluent_kafka import KafkaError, Message, Producer

from movierec.lines.served import VERSION
from movierec.times import format_time
from serve.metrics import ServiceMetrics
from serve.service.brokers import Brokers
from serve.service.cache import Written
from serve.service.provenance import Provenance

log = logging.getLogger("serve.service.served_log")

QUEUE_LINES = 10_000
DELIVERY_MS = 30_000
FLUSH_SECONDS = 5.0
POLL_SECONDS = 0.2
DIGITS = 6
COMPACT = (",", ":")


class ServedLog(Protocol):
    """Where answers are logged."""

    def start(self) -> None:
        """Connect in the background; called in the process that will send."""

    def send(self, user: int, line: bytes) -> None:
        """Take a line; never waits, never raises."""

    def close(self) -> None:
        """Send what is held; lines that cannot be sent in time are dropped."""


class NoServedLog:
    """For a service without a broker."""

    def start(self) -> None:
        """There is nothing to connect to."""

    def send(self, user: int, line: bytes) -> None:
        """Forget the line."""

    def close(self) -> None:
        """Nothing is held."""


class ServedLines:
    """Makes served lines (serve/README.md): compact JSON with the log's time.

    What is the same in all of a service is written once. Request ids and movie ids have an alphabet
    without anything that JSON would escape.
    """

    def __init__(self, provenance: Provenance) -> None:
        who = json.dumps({"model": provenance.model, "arm": provenance.arm}, separators=COMPACT)
        self._who = who[1:-1].encode()

    def line(
        self, time_ns: int, request_id: str, user: int, given: Written, *, told: bool = False
    ) -> bytes:
        """The line of an answer; `told` says that a query had a part in it. That is not logged, nor
        are ratings that it may show in."""
        moment = format_time(time_ns - time_ns % 1000, DIGITS).encode()
        ids = given.body.replace(b",", b'","')
        more = b',"ratings":%b' % given.ratings if given.ratings and not told else b""
        more += b',"history":%b' % given.history if given.history else b""
        more += b',"told":true' if told else b""
        return (
            b'{"v":%d,"time":"%b","request_id":"%b","user":%d,%b,"tier":"%b","ids":["%b"]%b}'
        ) % (VERSION, moment, request_id.encode(), user, self._who, given.tier.encode(), ids, more)


def history_said(pairs: Iterable[tuple[str, float | None]]) -> bytes:
    """The `history` of a served line: [movie id, rating or null] of each, in their order."""
    return json.dumps(list(pairs), separators=COMPACT).encode()


def ratings_said(values: Sequence[float]) -> bytes:
    """The `ratings` of a served line, to a hundredth: RMSE tells no more of them apart.

    >>> ratings_said([4.125, 3.0])
    b'[4.12,3.00]'
    """
    numbers = ("%.2f," * len(values))[:-1] % tuple(values)
    return b"[%b]" % numbers.encode()


class KafkaServedLog:
    """Sends lines to a topic. The producer starts with the first line, in the process that
    sends it, so an instance may be made before a fork."""

    def __init__(self, brokers: Brokers, topic: str, metrics: ServiceMetrics) -> None:
        self.brokers = brokers
        self.topic = topic
        self.lines = metrics.served_log
        self.producer: Producer | None = None
        self.starting = threading.Lock()
        self.stopping = threading.Event()
        self.poller = threading.Thread(target=self._poll, name="served-log", daemon=True)

    def start(self) -> None:
        """Make the producer, once; connecting goes on in the background."""
        self._started()

    def _started(self) -> Producer:
        with self.starting:
            if self.producer is None:
                self.producer = Producer(
                    {
                        **self.brokers.options(),
                        "queue.buffering.max.messages": QUEUE_LINES,
                        "message.timeout.ms": DELIVERY_MS,
                        "linger.ms": 50,
                        "allow.auto.create.topics": False,
                    }
                )
                self.poller.start()
            return self.producer

    def send(self, user: int, line: bytes) -> None:
        """Queue a line, or drop it when the queue is full."""
        producer = self.producer or self._started()
        try:
            producer.produce(self.topic, line, str(user).encode(), on_delivery=self._delivered)
        except BufferError:
            self.lines.labels("queue-full").inc()

    def close(self) -> None:
        """Wait until the queue is empty, FLUSH_SECONDS at most."""
        if self.producer is None:
            return
        unsent = self.producer.flush(FLUSH_SECONDS)
        self.stopping.set()
        self.poller.join()
        self.lines.labels("unsent-at-stop").inc(unsent)
        log.info("served log closed", extra={"unsent": unsent})

    def _poll(self) -> None:
        """Let librdkafka report what became of the lines."""
        while not self.stopping.is_set():
            assert self.producer is not None
            self.producer.poll(POLL_SECONDS)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self.lines.labels("not-delivered" if error else "sent").inc()


def now() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()
