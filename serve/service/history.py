"""What users did since the model was trained, followed on the event log from now on.

A user whom the model does not know is folded in by it; one whom it knows is not offered again
what was watched a minute ago. Memory is bounded in bytes: the users longest without an event go
first, and of a user the oldest movies.
"""

import logging
import threading
from collections import OrderedDict

import numpy as np
from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from movierec.dataset.vocabulary import Vocabulary
from movierec.lines.events import Rating, Watch, parse
from movierec.models.modelfile import LoadedModel
from serve.metrics import ServiceMetrics
from serve.service.brokers import Brokers
from serve.service.recommender import History

log = logging.getLogger("serve.service.history")

MOVIES_A_USER = 200
SEEN = np.dtype([("movie", "<i4"), ("rating", "<i2")])
"""One movie of a user: its index, and the last rating in hundredths (a rating has two decimals at
most) or UNRATED."""
UNRATED = -1
USER_BYTES = 400
"""What a user costs beside SEEN: an entry of the dictionary, a key, an object (measured)."""
BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 5.0


class Histories:
    """user → movies in the order of their last event, each with its last rating, if any."""

    def __init__(self, model: LoadedModel, most_bytes: int, metrics: ServiceMetrics) -> None:
        self._movies = Vocabulary(model.movies)
        self._low, self._high = model.model.scale
        self._most = most_bytes
        self._bytes = 0
        self._users: OrderedDict[int, bytes] = OrderedDict()  # arrays of SEEN
        self._lock = threading.Lock()
        self._metrics = metrics

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
        rating = round(event.rating * 100) if isinstance(event, Rating) else None
        with self._lock:
            before = self._users.pop(event.user, None)
            after = _with(before or b"", column, rating)
            if after == before:  # one more minute of a movie: an answer that was kept stands
                after = before
            self._users[event.user] = after
            self._bytes += _cost(after) - (0 if before is None else _cost(before))
            while self._bytes > self._most and len(self._users) > 1:
                _, oldest = self._users.popitem(last=False)
                self._bytes -= _cost(oldest)
            self._metrics.history_users.set(len(self._users))
            self._metrics.history_bytes.set(self._bytes)

    def of(self, user: int) -> bytes | None:
        """What is known of a user, for `history_of` and `pairs_of`, or None. The same object until
        an event changes it."""
        with self._lock:
            return self._users.get(user)


def history_of(followed: bytes | None) -> History | None:
    """What `Histories.of` gave, for a recommender."""
    if followed is None:
        return None
    seen = np.frombuffer(followed, SEEN)
    rated = seen[seen["rating"] != UNRATED]
    return History(
        rated["movie"].astype(np.int64),
        rated["rating"] / 100,  # exact: the nearest float to the decimal
        seen["movie"].astype(np.int64),
    )


def pairs_of(followed: bytes) -> list[tuple[int, float | None]]:
    """The same as (movie, rating or None), in the order of the last event of each."""
    seen = np.frombuffer(followed, SEEN).tolist()
    return [(movie, None if rating == UNRATED else rating / 100) for movie, rating in seen]


def _with(known: bytes, column: int, rating: int | None) -> bytes:
    """A user's movies after an event; a movie that is only watched keeps its rating."""
    seen = np.frombuffer(known, SEEN)
    same = seen["movie"] == column
    if rating is None:
        rating = int(seen["rating"][same][0]) if same.any() else UNRATED
    now = np.array([(column, rating)], SEEN).tobytes()
    after: bytes = seen[~same].tobytes() + now
    return after[-MOVIES_A_USER * SEEN.itemsize :]


def _cost(seen: bytes) -> int:
    """Bytes of memory, with a quarter of what grows for the allocator's holes (measured)."""
    return USER_BYTES + len(seen) * 5 // 4


class Follower:
    """Reads the event log on a thread, from its end at the start on. Nothing waits for it."""

    def __init__(self, brokers: Brokers, topic: str, histories: Histories) -> None:
        self._brokers, self._topic, self._histories = brokers, topic, histories
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
                **self._brokers.options(),
                "group.id": "movierec-history",  # demanded, not used: partitions are assigned
                "enable.auto.commit": False,
                "allow.auto.create.topics": False,
            }
        )
        try:
            if not self._assign(consumer):
                log.warning("no history yet", extra={"topic": self._topic})
                while not self._stopping.wait(RETRY_SECONDS) and not self._assign(consumer):
                    pass
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
            consumer.poll(0)  # what the client itself complains of, which may name the cause
            self._brokers.hear(error.args[0])
            return False
        consumer.assign([TopicPartition(self._topic, p, OFFSET_END) for p in found.partitions])
        log.info(
            "history follows", extra={"topic": self._topic, "partitions": len(found.partitions)}
        )
        return bool(found.partitions)
