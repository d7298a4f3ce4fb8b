"""What users did since the model was trained, followed on the event log from now on.

A user whom the model does not know is folded in by it; one whom it knows is not offered again
what was watched a minute ago. Memory is bounded: the users longest without an event go first,
and of a user the oldest movies.
"""

import logging
import threading
from collections import OrderedDict

import numpy as np
from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from movierec.dataset.vocabulary import Vocabulary
from movierec.lines.events import Rating, Watch, parse
from movierec.models.modelfile import LoadedModel
from serve.kafka import KafkaSettings
from serve.metrics import ServiceMetrics
from serve.service.recommender import History

log = logging.getLogger("serve.service.history")

MOVIES_A_USER = 200
BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 5.0


class Histories:
    """user → movie index → last rating, or None for a movie that was only watched."""

    def __init__(self, model: LoadedModel, most_users: int, metrics: ServiceMetrics) -> None:
        self._movies = Vocabulary(model.movies)
        self._low, self._high = model.model.scale
        self._most = most_users
        self._users: OrderedDict[int, OrderedDict[int, float | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._gauge = metrics.history_users

    def add(self, line: bytes) -> None:
        """Take in one line of the event log; one that tells nothing is passed over."""
        event = parse(line)
        if not isinstance(event, Watch | Rating):
            return
        if isinstance(event, Rating) and not self._low <= event.rating <= self._high:
            return
        column = self._movies.find(event.movie.encode())
        if column is None:
            return
        with self._lock:
            movies = self._users.setdefault(event.user, OrderedDict())
            self._users.move_to_end(event.user)
            known = movies.pop(column, None)
            movies[column] = event.rating if isinstance(event, Rating) else known
            if len(movies) > MOVIES_A_USER:
                movies.popitem(last=False)
            if len(self._users) > self._most:
                self._users.popitem(last=False)
            self._gauge.set(len(self._users))

    def of(self, user: int) -> History | None:
        """What is known of a user, or None."""
        with self._lock:
            movies = dict(self._users.get(user, ()))
        if not movies:
            return None
        rated = {column: rating for column, rating in movies.items() if rating is not None}
        return History(
            np.array(list(rated), np.int64),
            np.array(list(rated.values()), np.float64),
            np.array(list(movies), np.int64),
        )


class Follower:
    """Reads the event log on a thread, from its end at the start on. Nothing waits for it."""

    def __init__(self, kafka: KafkaSettings, topic: str, histories: Histories) -> None:
        self._kafka, self._topic, self._histories = kafka, topic, histories
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="history", daemon=True)

    def start(self) -> None:
        """Begin, in the process that answers."""
        self._thread.start()

    def close(self) -> None:
        """End within a second."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * POLL_SECONDS)

    def _follow(self) -> None:
        consumer = Consumer(
            {
                **self._kafka.for_librdkafka(),
                "group.id": "movierec-history",  # demanded, not used: partitions are assigned
                "enable.auto.commit": False,
                "allow.auto.create.topics": False,
                "error_cb": lambda error: log.warning("kafka", extra={"error": error.str()}),
            },
            logger=log,
        )
        try:
            while not self._stopping.is_set() and not self._assign(consumer):
                self._stopping.wait(RETRY_SECONDS)
            while not self._stopping.is_set():
                for message in consumer.consume(BATCH, POLL_SECONDS):
                    line = message.value()
                    if message.error() is None and line is not None:  # None: a tombstone
                        self._histories.add(line)
        finally:
            consumer.close()

    def _assign(self, consumer: Consumer) -> bool:
        """Take every partition at its end; False while the broker does not answer."""
        try:
            found = consumer.list_topics(self._topic, timeout=RETRY_SECONDS).topics[self._topic]
        except KafkaException as error:
            log.warning("no history yet", extra={"error": str(error)})
            return False
        consumer.assign([TopicPartition(self._topic, p, OFFSET_END) for p in found.partitions])
        log.info(
            "history follows", extra={"topic": self._topic, "partitions": len(found.partitions)}
        )
        return bool(found.partitions)
