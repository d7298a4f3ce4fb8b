"""Closing days beside the loop: a big day takes a while, and lines keep coming."""

import logging
import threading
import time

from movierec.store.closing import Closer
from serve.collector.writer import Writer
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

CHECK_SECONDS = 15.0
LEAVE_SECONDS = 5.0
"""How long the end of the process waits for a day in the making. It is begun anew next time."""


class DayCloser:
    """At most one thread that closes days; its failure is raised at the next call."""

    def __init__(
        self, settings: CollectorSettings, metrics: CollectorMetrics, writer: Writer
    ) -> None:
        self._settings, self._metrics, self._writer = settings, metrics, writer
        self._closers: dict[str, Closer] = {}
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._checked: dict[str, float] = {}
        self.totals = {"days": 0, "late": 0}
        """Days closed since the start of the process, and the late lines in them."""

    def consider(self, topic: str, ends: dict[int, int]) -> None:
        """Close the topic's due days on a thread, unless it is too soon or one is at work."""
        self._raise_failure()
        now = time.monotonic()
        if self._thread is not None and self._thread.is_alive():
            return
        if now - self._checked.get(topic, -CHECK_SECONDS) < CHECK_SECONDS:
            return
        self._checked[topic] = now
        self._thread = threading.Thread(
            target=self._close, args=(topic, ends), name="days", daemon=True
        )
        self._thread.start()

    def close_now(self, topic: str, ends: dict[int, int]) -> None:
        """Close the topic's due days before returning."""
        if self._thread is not None:
            self._thread.join()
        self._raise_failure()
        self._close_due(topic, ends)

    def wait(self) -> None:
        """At the end of the process: give a running thread a moment."""
        if self._thread is not None:
            self._thread.join(LEAVE_SECONDS)
        self._raise_failure()

    def _close(self, topic: str, ends: dict[int, int]) -> None:
        try:
            self._close_due(topic, ends)
        except BaseException as error:
            self._failure = error

    def _close_due(self, topic: str, ends: dict[int, int]) -> None:
        closer = self._closers.setdefault(topic, Closer(self._settings.store, topic))
        with self._writer.disk(f"no day of {topic} was closed"):
            manifests = closer.close_due_days(ends, self._settings.grace_seconds)
        for manifest in manifests:
            counts = {key: manifest["totals"][key] for key in ("stored", "rejected", "late")}
            self.totals["days"] += 1
            self.totals["late"] += counts["late"]
            self._metrics.days_closed.labels(topic).inc()
            self._metrics.late.labels(topic).inc(counts["late"])
            log.info("day closed", extra={"topic": topic, "day": manifest["day"], **counts})

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
