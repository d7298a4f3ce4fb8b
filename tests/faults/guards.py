"""The collector with a guard taken away, to see that its fault then costs lines.

python -m tests.faults.guards GUARD[,GUARD] [arguments of serve.collector]
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kafka.cluster import ClusterMetadata

from movierec.cli import run
from movierec.lines import parsing
from movierec.lines.rows import ROWS
from movierec.store import chain, closing, dayfile, days, decisions, expired, sealing, segments
from movierec.store.closing import Closer
from movierec.store.tail import Tail, Written, claim_partition
from serve.collector.__main__ import main
from serve.collector.fetch.topics import TopicFacts, Topics
from serve.collector.identity import Identity
from serve.collector.loop import Collector

_fsync = os.fsync


def fsync() -> None:
    """Nothing is made durable."""
    os.fsync = lambda descriptor: None


def fsync_errors_end() -> None:
    """An fsync that fails is passed over."""

    def passing(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            _fsync(descriptor)

    os.fsync = passing


def disk_is_truth() -> None:
    """Reading goes on at the offset that Kafka has committed, and not where the disk ends."""

    def resume(self: Any, partition: Any) -> int:
        tail = claim_partition(self._root, partition.topic, partition.partition)
        tail.end = owner[0].consumer.committed(partition) or 0
        self._tails[partition] = tail
        self.lag.begin(partition, tail.end)
        return tail.end

    owner: list[Collector] = []
    begin = Collector.run

    def run_and_remember(self: Collector, *brokers: Any) -> int:
        owner.append(self)
        return begin(self, *brokers)

    Collector.run = run_and_remember  # type: ignore[method-assign]
    from serve.collector.writer import Writer

    Writer.resume = resume  # type: ignore[method-assign]


def gaps_are_recorded() -> None:
    """Offsets that the broker no longer has count as read."""

    def forget(self: Tail, end: int) -> Written:
        return self.write(end, ROWS.empty_table())

    Tail.write_gap = forget  # type: ignore[method-assign]


def many_lines_decide() -> None:
    """The first line that lies past a day's end cuts it."""
    begin = Closer.__init__

    def believing(self: Closer, root: Path, topic: str, evidence: int) -> None:
        begin(self, root, topic, evidence=1)

    Closer.__init__ = believing  # type: ignore[method-assign]


def times_ahead_are_set_aside() -> None:
    """Every time is taken, however far ahead."""
    parsing.AHEAD = 2**62 // 10**6


def seal() -> None:
    """What is read is believed, whatever its checksum."""

    def footer(file: Any) -> sealing.Footer:
        content = file.read()
        length = int.from_bytes(content[-8:-4], "little") + 8
        return sealing.Footer(content[-length:], (0, b""))

    def document(content: bytes, *_: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(content)
        return found

    segments.read_footer = footer  # type: ignore[attr-defined]
    segments.check_pages = lambda file, _: file.seek(0)  # type: ignore[attr-defined]
    for room in (chain, days, decisions, expired):
        room.unseal_of = document  # type: ignore[attr-defined]


def day_is_verified() -> None:
    """What lies in a day's folder counts as the day."""
    closing.Closer._is_free = lambda self, decided: True  # type: ignore[method-assign]
    dayfile._check_lines = lambda *_: None


def topics_have_ids() -> None:
    """Whatever bears the topic's name is the topic."""
    Topics.ask = _without_ids(Topics.ask)  # type: ignore[method-assign]
    Identity.check_line = lambda self, partition, chain: None  # type: ignore[method-assign]


def _without_ids(ask: Any) -> Any:
    def asked(self: Topics, topics: Any) -> dict[str, TopicFacts]:
        found: dict[str, TopicFacts] = ask(self, topics)
        return {topic: replace(facts, ids=frozenset()) for topic, facts in found.items()}

    return asked


def commits_name_the_store() -> None:
    """An empty store is as good as the one that was filled."""
    Identity.check_commit = lambda self, *_: None  # type: ignore[method-assign]


def topics_are_not_made() -> None:
    """The client's default: a topic that it asks for and that is not there is made."""
    init = ClusterMetadata.__init__

    def make_them(self: Any, **options: Any) -> None:
        init(self, **options)
        self.config = Deaf(self.config)

    ClusterMetadata.__init__ = make_them


class Deaf(dict[str, Any]):
    """Settings that cannot be changed."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Take no notice."""


def unpacking_is_bounded() -> None:
    """A message is unpacked whole, whatever it holds."""
    from serve.collector.fetch import recordbatch

    recordbatch.PLAIN_BYTES = 1 << 40


def connections_are_bounded() -> None:
    """The metrics port takes every connection."""
    from serve.http import server

    vars(server)["connections_within_files"] = lambda wanted: 1 << 20


GUARDS: dict[str, tuple[Callable[[], None], str]] = {
    "fsync": (fsync, "power-cut"),
    "fsync-errors-end": (fsync_errors_end, "disk-errors"),
    "disk-is-truth": (disk_is_truth, "offsets-gone"),
    "gaps-are-recorded": (gaps_are_recorded, "retention"),
    "many-lines-decide": (many_lines_decide, "clocks"),
    "times-ahead-are-set-aside": (times_ahead_are_set_aside, "clocks"),
    "seal": (seal, "byte-flipped"),
    "day-is-verified": (day_is_verified, "day-folder-there"),
    "topics-have-ids": (topics_have_ids, "topic-anew"),
    "commits-name-the-store": (commits_name_the_store, "store-emptied"),
    "topics-are-not-made": (topics_are_not_made, "topic-deleted"),
    "unpacking-is-bounded": (unpacking_is_bounded, "bombs"),
    "connections-are-bounded": (connections_are_bounded, "flood"),
}
"""name → (what takes it away, the fault that must then cost something). That segments are never
replaced is shown by tests/movierec/store/test_tail.py: here the next reader mends it."""


if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        GUARDS[name][0]()
    run(main)
