"""Lines that are read and not yet on disk: of one partition, and of all of ours."""

from collections.abc import Iterable

from kafka import TopicPartition

from movierec.lines.rows import LineBatch, joined
from movierec.times import Milliseconds
from serve.collector.fetch.source import Chunk
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

OVERHEAD_BYTES = 32
"""What a line costs beside its own bytes: offset, timestamp, end and a share of the arrays."""


class Buffer:
    """Consecutive chunks of one partition: the offsets [start, end) that disk lacks."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.sure = start
        """Up to here the lines are those of the store's topic (Identity) and of no other."""
        self.rows = 0
        self.bytes = 0
        self.since: float | None = None
        self._chunks: list[Chunk] = []

    def add(self, chunk: Chunk, now: float) -> None:
        """Append a chunk, which must not begin before `end`; `now` is monotonic seconds."""
        if chunk.start < self.end:
            raise AssertionError(f"offset {chunk.start} was read twice, up to {self.end}")
        self.end = chunk.end
        rows = len(chunk.lines.offsets)
        self._chunks.append(chunk)
        self.rows += rows
        self.bytes += chunk.lines.values.nbytes + rows * OVERHEAD_BYTES
        self.since = now if self.since is None else self.since

    def prove(self) -> None:
        """All that was read is of the store's topic."""
        self.sure = self.end

    def drop_unproved(self) -> int:
        """Forget what was read since the last proof; how many lines that were."""
        kept = [chunk for chunk in self._chunks if chunk.end <= self.sure]
        dropped = [chunk for chunk in self._chunks if chunk.end > self.sure]
        start, since = self.start, self.since
        self.end = self.sure
        self.clear()
        self.start = self.end = start
        for chunk in kept:
            self.add(chunk, since or 0.0)
        return sum(len(chunk.lines.offsets) for chunk in dropped)

    @property
    def oldest(self) -> Milliseconds:
        """The Kafka timestamp of the first line; -1 when there is none, or it has none."""
        for chunk in self._chunks:
            if len(chunk.lines.timestamps):
                return int(chunk.lines.timestamps[0])
        return -1

    def lines(self) -> LineBatch:
        """All buffered lines as one batch."""
        return joined([chunk.lines for chunk in self._chunks])

    def is_due(self, now: float, rows: int, seconds: float) -> bool:
        """Whether it has `rows` lines or its oldest chunk is `seconds` old.

        A chunk may hold no line (transaction markers): its offsets are progress all the same.
        """
        return self.rows >= rows or (self.since is not None and now - self.since >= seconds)

    def clear(self) -> None:
        """Everything is on disk: start anew at `end`."""
        self.start = self.end
        self.rows = self.bytes = 0
        self.since = None
        self._chunks.clear()


class Buffers(dict[TopicPartition, Buffer]):
    """The buffers of our partitions, and which of them to flush."""

    def __init__(self, settings: CollectorSettings, metrics: CollectorMetrics) -> None:
        super().__init__()
        self.settings = settings
        self.metrics = metrics

    @property
    def are_empty(self) -> bool:
        """Whether nothing is read that is not on disk."""
        return not self.unwritten(self)

    def unwritten(self, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Those of the partitions, once each, of which something is read that disk lacks."""
        return [
            partition
            for partition in dict.fromkeys(partitions)
            if (buffer := self.get(partition)) and buffer.start != buffer.end
        ]

    def due(self, now: float) -> list[TopicPartition]:
        """The partitions to flush: full, old, or the largest when all together hold too much."""
        limits = (now, self.settings.segment_rows, self.settings.segment_seconds)
        due = [partition for partition, buffer in self.items() if buffer.is_due(*limits)]
        return list(dict.fromkeys([*due, *self.crowded()]))

    def crowded(self) -> list[TopicPartition]:
        """The buffers to flush before more is taken in: full ones, and the largest when all
        together hold too much."""
        full = [p for p, b in self.items() if b.rows >= self.settings.segment_rows]
        return [*full, *self.too_much()]

    def too_much(self) -> list[TopicPartition]:
        """The largest buffers, down to half of what all together may hold, when they hold more."""
        held = sum(buffer.bytes for buffer in self.values())
        self.metrics.buffered_bytes.set(held)
        if held <= self.settings.buffer_bytes:
            return []
        largest = []
        for partition, buffer in sorted(self.items(), key=lambda item: -item[1].bytes):
            if held <= self.settings.buffer_bytes // 2:
                break
            held -= buffer.bytes
            largest.append(partition)
        return largest
