"""Reads back everything that a topic of the embedded broker holds."""

import time

from confluent_kafka import Consumer, TopicPartition


def held(address, topic, partitions):
    """Partition → [(timestamp in ms, line)], in order."""
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "test", "enable.auto.commit": False}
    )
    places = [TopicPartition(topic, p, 0) for p in range(partitions)]
    wanted = sum(consumer.get_watermark_offsets(place, timeout=60)[1] for place in places)
    consumer.assign(places)
    deadline = time.monotonic() + 120
    found = {p: [] for p in range(partitions)}
    while wanted:
        messages = consumer.consume(wanted, 0.2)
        assert time.monotonic() < deadline, f"{wanted} lines are missing"
        for message in messages:
            found[message.partition() or 0].append((message.timestamp()[1], message.value()))
        wanted -= len(messages)
    consumer.close()
    return found
