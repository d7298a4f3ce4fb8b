"""Whose lines a topic's chains hold: the topic by Kafka's own id, and this store's.

    <topic>/lineage/<number>.json

A topic that is deleted and made anew under its name is another topic, whose offsets begin at 0
again. The store goes on in a new *life*, when it is told to: the offsets of life n stand in the
store as n * LIFE + the offset in Kafka. So the offsets of a store only ever grow, chains, cuts
and manifests stay as they are, and both numbers can be read off (life 0: they are the same).

>>> kafka_offset(2 * LIFE + 17)
17
"""

import contextlib
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from movierec.errors import CorruptFile
from movierec.sealed import check_format, seal, unseal
from movierec.store.storage import at

FORMAT = 1
LIFE = 10**13
"""More than a partition ever holds (300 years of 1,000 lines/s); 900 lives fit a float exactly."""


@dataclass(frozen=True)
class Lineage:
    """Which topic the chains of a store follow now."""

    life: int
    topic: str
    topic_id: str | None
    """As Kafka prints it; None when the brokers have no ids (before 2.8)."""
    store: str
    """A random name of this store, to know its commits and its segments by."""

    @property
    def shift(self) -> int:
        """What an offset in Kafka lacks to be one of the store."""
        return self.life * LIFE


def kafka_offset(offset: int) -> int:
    """The offset in Kafka that an offset of the store stands for."""
    return offset % LIFE


def read_lineage(root: Path, topic: str) -> Lineage | None:
    """What the store says, None when it has said nothing yet. Raises CorruptFile."""
    storage = at(root)
    names = [name for name in storage.names(_folder(topic)) if name.endswith(".json")]
    if not names:
        return None
    name = f"{_folder(topic)}/{names[-1]}"
    try:
        with storage.open(name) as file:
            facts, _ = unseal(file.read())
        check_format(facts.pop("format", None), FORMAT)
        lineage = Lineage(**facts)
        if (lineage.topic, _name(lineage)) != (topic, name):
            raise ValueError(f"it is that of life {lineage.life} of {lineage.topic}")
    except (ValueError, TypeError) as error:
        raise CorruptFile(
            f"{name}: not what the collector wrote ({error}); restore it from a backup"
        ) from None
    return lineage


def begin_lineage(
    root: Path, topic: str, topic_id: str | None, store: str | None = None
) -> Lineage:
    """Write down whose lines these are, at the first assignment; what stands there if another
    member was first. `store` is the name that the store has already, if it has one."""
    return _put(root, Lineage(0, topic, topic_id, store or uuid.uuid4().hex))


def begin_life(root: Path, before: Lineage, topic_id: str) -> Lineage:
    """Go on with the topic that has `topic_id` now; the chains of `before` have ended."""
    return _put(root, replace(before, life=before.life + 1, topic_id=topic_id))


def _put(root: Path, lineage: Lineage) -> Lineage:
    text = seal({"format": FORMAT, **asdict(lineage)})
    with contextlib.suppress(FileExistsError):
        at(root).put_new(_name(lineage), lambda file: file.write(text))
    stands = read_lineage(root, lineage.topic)
    if stands is None:
        raise FileNotFoundError(2, "it went as soon as it was written", _name(lineage))
    return stands


def _folder(topic: str) -> str:
    return f"{topic}/lineage"


def _name(lineage: Lineage) -> str:
    return f"{_folder(lineage.topic)}/{lineage.life:08d}.json"
