"""Reads back everything that a topic of the embedded broker holds."""

from tests.brokers import embedded


def held(address: str, topic: str, partitions: int) -> dict[int, list[tuple[int, bytes]]]:
    """Partition → [(timestamp in ms, line)], in order."""
    found: dict[int, list[tuple[int, bytes]]] = {p: [] for p in range(partitions)}
    for kept in embedded.held(address, topic, partitions):
        found[kept.partition].append((kept.timestamp, kept.line))
    return found
