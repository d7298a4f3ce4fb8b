"""How a service's clients reach Kafka, and their troubles as log lines that name the cause.

The collector and the simulator knock before they begin, and end when they are not let in. The
service answers all the same, so it knocks when its clients complain: what librdkafka says of a
bad certificate helps nobody, and it says so every few seconds.
"""

import logging
import math
import threading
import time
from typing import Any

from confluent_kafka import KafkaError

from movierec.errors import BadParams
from serve.kafka import KafkaSettings
from serve.knock import cause_of

log = logging.getLogger("serve.service.brokers")

SILENT_SECONDS = 60.0
"""A trouble that goes on is told so often."""
KNOCK_SECONDS = 10.0
"""The brokers' ports are tried so often at most: it takes a second or two of a client's thread."""


class Brokers:
    """The brokers of one service, and what its clients complain of."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self._told: dict[int, float] = {}  # an error's code → when
        self._named = self._knocked = -math.inf
        self._busy = threading.Lock()

    def options(self) -> dict[str, Any]:
        """What each client begins with. It holds the password: never log it."""
        silent = {"log_level": 0}  # its log says the same once more, and no cause
        return {**self.kafka.for_librdkafka(), "error_cb": self.hear, **silent}

    def hear(self, error: KafkaError) -> None:
        """Log why the brokers do not let us in, or the client's own words where nothing is known
        of that. Never raises, for it is called from within the client."""
        if not self._busy.acquire(blocking=False):
            return  # another client's complaint is being looked into: it is the same broker
        try:
            self._tell(error)
        finally:
            self._busy.release()

    def _tell(self, error: KafkaError) -> None:
        now = time.monotonic()
        if now < self._named + SILENT_SECONDS:
            return
        if cause := self._cause(error, now):
            self._named = now
            log.warning("the brokers do not let us in", extra={"cause": cause})
        elif now >= self._told.get(error.code(), -math.inf) + SILENT_SECONDS:
            self._told[error.code()] = now
            log.warning("kafka", extra={"error": error.str()})

    def _cause(self, error: KafkaError, now: float) -> str | None:
        """The cause, when one can be told by what the client says or by knocking."""
        is_about_us = error.code() == KafkaError._AUTHENTICATION
        if not is_about_us and now < self._knocked + KNOCK_SECONDS:
            return None
        self._knocked = now
        try:
            return cause_of(self.kafka, [error])
        except BadParams as unusable:  # a file of ours that has changed since the start
            return str(unusable)
