"""Whether a topic is still the one whose lines the store has, and the store the one we filled.

Kafka knows topics by an id; a name may be deleted and made anew. Lines are believed when the
topic's leaders name the id of the store's lineage after the lines were read: ids never come back.
On brokers without ids (before 2.8) the last line on disk is read again and compared, on assignment
and when a broker did not know the topic for a while. That a store was moved, emptied or is not
mounted shows in the group's commits, which carry the store's name.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any

from kafka import TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from movierec.errors import CorruptFile, Unavailable
from movierec.lines.rows import is_line_of
from movierec.store.chain import Chain, last_line, store_named
from movierec.store.lineage import (
    Lineage,
    begin_life,
    begin_lineage,
    kafka_offset,
    read_lineage,
)
from serve.collector.fetch.topics import TopicFacts, Topics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

GONE_SECONDS = 10.0
"""How long a topic must be unknown to the brokers to count as deleted: they may be starting."""
MARK = "movierec"


class AnotherTopic(CorruptFile):
    """The topic was made anew: write nothing that was read since it was last seen to be ours."""


class Identity:
    """The lineages of our topics, held against what the brokers say."""

    def __init__(self, settings: CollectorSettings, topics: Topics) -> None:
        self._settings, self._root, self._topics = settings, settings.store, topics
        self._lineages: dict[str, Lineage] = {}
        self._unproved: set[str] = set()
        """Those whose last lines must be compared when their partitions are begun."""
        self._without_id: set[str] = set()
        self._doubted: set[str] = set()
        """Of the latter, those that a broker did not know since their lines were compared."""
        self._gone: dict[str, float] = {}

    def shift(self, topic: str) -> int:
        """What an offset in Kafka lacks to be one of the store."""
        lineage = self._lineages.get(topic)
        return lineage.shift if lineage else 0

    def prove(self) -> dict[str, TopicFacts]:
        """What the brokers say of our topics, when it proves that all that was read is of them.

        Where ids prove nothing, a topic that some broker does not know may be another one soon,
        or is for those who know it. Raises as `ask`.
        """
        facts = self.ask()
        for topic in self._doubted:
            if facts[topic].partitions:
                raise UnknownTopicOrPartitionError(f"{topic} was away: its lines are compared")
        return facts

    def doubts(self, topic: str) -> bool:
        """Whether what is read of a topic must wait until its last line has been compared."""
        return topic in self._doubted

    def ask(self) -> dict[str, TopicFacts]:
        """What the brokers say of our topics, if it is not that one is another or was deleted.

        Raises AnotherTopic, Unavailable (deleted), KafkaError (no answer).
        """
        facts = self._topics.ask(self._settings.topics)
        for topic, told in facts.items():
            self._is_there(topic, told)
            lineage = self._lineages.get(topic)
            if lineage is not None and lineage.topic_id is not None:
                for topic_id in told.ids - {lineage.topic_id}:
                    raise AnotherTopic(self._another(lineage, topic_id))
        return facts

    def settle(self, topics: Iterable[str]) -> None:
        """Before partitions are begun, each with `check_line`: whose lines the store has, read or
        written down. Nothing of these topics may be buffered that was read while in doubt.

        Raises as `ask`; CorruptFile when it is another topic's, and we were not told to go on.
        """
        facts = self.ask()
        for topic in sorted(topics):
            if not facts[topic].exists or len(facts[topic].ids) > 1:
                raise UnknownTopicOrPartitionError(topic)  # brokers disagree: ask again soon
            self._doubted.discard(topic)
            if topic not in self._lineages:
                self._lineages[topic] = self._lineage(topic, next(iter(facts[topic].ids), None))

    def settle_all(self) -> None:
        """As `settle`, of our topics of which the group gave us no partition: their offsets in
        Kafka are none of the store's either."""
        if not self._lineages.keys() >= set(self._settings.topics):
            self.settle(self._settings.topics)

    def _lineage(self, topic: str, topic_id: str | None) -> Lineage:
        stands = read_lineage(self._root, topic)
        if stands is None:
            self._unproved.add(topic)  # an older release may have left lines here
            named = store_named(self._root, topic)
            stands = begin_lineage(self._root, topic, topic_id, named)
        if topic_id is None or stands.topic_id is None:
            self._unproved.add(topic)
            self._without_id.add(topic)
        elif stands.topic_id != topic_id:
            if topic_id not in (self._settings.accept_new_topic or ()):
                raise AnotherTopic(self._another(stands, topic_id))
            stands = begin_life(self._root, stands, topic_id)
            log.warning("new topic", extra={"topic": topic, "id": topic_id, "life": stands.life})
        return stands

    def check_line(self, partition: TopicPartition, chain: Chain) -> None:
        """Where no id proves it: the last line of the partition's chain must be the one that Kafka
        has there. Raises CorruptFile, KafkaError."""
        topic, number = partition
        if topic not in self._unproved:
            return
        row = last_line(chain)
        if row is None or int(str(row["offset"])) < self.shift(topic):
            return
        offset = kafka_offset(int(str(row["offset"])))
        record = self.peek(partition, offset)
        if record is None or record.offset != offset:  # expired or compacted: nothing to compare
            return
        if not is_line_of(row, record.value):
            raise CorruptFile(
                f"{topic}/{number} holds another line at offset {offset} than the store "
                f"{self._root}: the topic was made anew, or the store is another topic's. Use "
                "another COLLECTOR_STORE and COLLECTOR_GROUP"
            )

    def peek(self, partition: TopicPartition, offset: int) -> Any:
        """`Topics.peek`, by an offset of the store. Raises KafkaError."""
        return self._topics.peek(partition, kafka_offset(offset))

    def check_commit(self, partition: TopicPartition, end: int, committed: Any) -> None:
        """Whether the disk has what a collector once said was on it; `end` is where the disk ends.

        Commits of this very store prove nothing against it (a damaged segment was moved away, a
        backup was restored: what lacks is read again, or becomes a gap), nor do those that
        somebody else set. Raises CorruptFile.
        """
        lineage = self._lineages[partition.topic]
        if committed is None or committed.offset + lineage.shift <= end:
            return
        facts = {
            "partition": f"{partition.topic}/{partition.partition}",
            "disk": end,
            "committed": committed.offset,
        }
        mark, _, store = (committed.metadata or "").partition(f" {lineage.topic_id} ")
        if mark != MARK or store == lineage.store:
            log.warning("the disk is behind the group's commit", extra=facts)
            return
        raise CorruptFile(
            f"group {self._settings.group} had {facts['partition']} on disk up to offset "
            f"{committed.offset}, but the store {self._root} ends at {kafka_offset(end)}: it was "
            "moved or emptied, or is not mounted. Bring it back; or, to begin a new one on "
            "purpose, choose another COLLECTOR_GROUP"
        )

    def mark(self, topic: str) -> str:
        """What a commit says beside its offset: whose topic, on which disk."""
        lineage = self._lineages[topic]
        return f"{MARK} {lineage.topic_id} {lineage.store}"

    def _is_there(self, topic: str, told: TopicFacts) -> None:
        if told.exists:
            self._gone.pop(topic, None)
            return
        if topic in self._without_id:
            self._doubted.add(topic)
        since = self._gone.setdefault(topic, time.monotonic())
        log.warning("the brokers do not know the topic", extra={"topic": topic})
        if time.monotonic() - since >= GONE_SECONDS:
            raise Unavailable(
                f"topic {topic} was deleted: what was read of it is on disk. Take it out of "
                "COLLECTOR_TOPICS, or make it anew"
            )

    def _another(self, lineage: Lineage, topic_id: str) -> str:
        return (
            f"topic {lineage.topic} was made anew: its id in Kafka is {topic_id}, the store "
            f"{self._root} has the lines of {lineage.topic_id}. To go on with the new topic after "
            f"the old lines, start with COLLECTOR_ACCEPT_NEW_TOPIC={topic_id}; to keep "
            "them apart, with another COLLECTOR_STORE and COLLECTOR_GROUP"
        )
