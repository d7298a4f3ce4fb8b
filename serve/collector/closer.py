"""Closing days beside the loop: a big day takes a while, and lines keep coming."""

import logging
import threading
import time

from movierec.errors import BadInput
from movierec.store.chain import Chain
from movierec.store.closing import Closer, unknown_folders
from movierec.store.dayfile import Manifest
from movierec.store.decisions import done_time, last_done
from movierec.store.storage import at
from movierec.times import SECOND
from serve.collector.writer import Writer
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

CHECK_SECONDS = 15.0
LEAVE_SECONDS = 5.0
"""How long the end of the process waits for a day in the making. It is begun anew next time."""
STRAY = (
    "Kafka knows no such partition of the topic: while the store has its folder no day closes. "
    "Look at the folder, and move it out of the store"
)


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
        self._strays: dict[str, list[str]] = {}
        self._told: dict[str, list[str]] = {}
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
            target=self._close,
            args=(topic, ends, self._writer.take_found(topic)),
            name="days",
            daemon=True,
        )
        self._thread.start()

    def close_now(self, topic: str, ends: dict[int, int]) -> None:
        """Close the topic's due days before returning. Raises BadInput when they cannot be."""
        if self._thread is not None:
            self._thread.join()
        self._raise_failure()
        if strays := unknown_folders(self._settings.store, topic, ends):
            raise BadInput(
                f"{', '.join(strays)}: {STRAY}. What was read of {topic} is on disk, its due days "
                "are not closed"
            )
        self._close_due(topic, ends, self._writer.take_found(topic))

    def wait(self) -> None:
        """At the end of the process: give a running thread a moment."""
        if self._thread is not None:
            self._thread.join(LEAVE_SECONDS)
        self._raise_failure()

    def _close(self, topic: str, ends: dict[int, int], found: dict[int, Chain]) -> None:
        try:
            self._close_due(topic, ends, found)
        except BaseException as error:
            self._failure = error

    def _close_due(self, topic: str, ends: dict[int, int], found: dict[int, Chain]) -> None:
        self._tell_strays(topic, unknown_folders(self._settings.store, topic, ends))
        late = self._metrics.late.labels(topic)  # from the first check on: it is seen to grow
        manifests = self._close_days(topic, ends, found)
        for manifest in manifests:
            counts = {key: manifest["totals"][key] for key in ("stored", "rejected", "late")}
            self.totals["days"] += 1
            self.totals["late"] += counts["late"]
            self._metrics.days_closed.labels(topic).inc()
            late.inc(counts["late"])
            log.info("day closed", extra={"topic": topic, "day": manifest["day"], **counts})

    def _tell_strays(self, topic: str, folders: list[str]) -> None:
        """Say which folders keep days open, once: when two checks have found the same ones. One
        alone may have asked Kafka before a partition was added that another member has begun."""
        seen, self._strays[topic] = self._strays.get(topic, []), folders
        if folders != seen or folders == self._told.get(topic, []):
            return
        self._told[topic] = folders
        if folders:
            facts = {"topic": topic, "folders": folders, "what_to_do": STRAY}
            log.error("no day closes", extra=facts)
        else:
            log.info("days close again", extra={"topic": topic})

    def _close_days(
        self, topic: str, ends: dict[int, int], found: dict[int, Chain]
    ) -> list[Manifest]:
        settings, storage = self._settings, at(self._settings.store)
        if topic not in self._closers:
            self._closers[topic] = Closer(settings.store, topic, settings.evidence_lines)
        with self._writer.disk(f"no day of {topic} was closed"):
            manifests = self._closers[topic].close_due_days(
                ends, settings.grace_seconds, time.time_ns(), found
            )
            closed = done_time(storage, topic, last_done(storage, topic))
        if closed is not None:
            self._metrics.last_closing.labels(topic).set(closed / SECOND)
        return manifests

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
