"""Decisions: which days were closed, in which order, at which cuts.

    <topic>/closings/<number, 8 digits>.json   a day and its cuts: decided
                     <number, 8 digits>.done   that day is published and durable, and when

Number 0 is the store's beginning: it has no decision, and is done when the topic is first looked
at. A decision is put under the next number without replacing: one closer wins, the others take
its decision. The next number is decided only after the one before is done.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from movierec.errors import CorruptFile
from movierec.store.placing import NOTHING, Cut
from movierec.store.storage import Storage, has
from movierec.times import Day, Nanoseconds, day_name, day_number


@dataclass(frozen=True)
class Closing:
    """A decision: day number `number` of this topic is `day`, cut at these offsets."""

    number: int
    day: Day
    cuts: Mapping[int, int]

    def cut(self, partition: int) -> Cut:
        """The state of a partition after this day; a partition added later starts at 0."""
        return Cut(self.day, self.cuts.get(partition, 0))


BEFORE_ALL = Closing(0, NOTHING.day, {})


def last_closing(storage: Storage, topic: str) -> Closing:
    """The last decision, or BEFORE_ALL."""
    return read_closing(storage, topic, _highest(storage, topic, ".json"))


def last_done(storage: Storage, topic: str) -> int:
    """The number of the last decision whose day is published; 0 when there is none."""
    return _highest(storage, topic, ".done")


def read_closing(storage: Storage, topic: str, number: int) -> Closing:
    """A decision by its number; BEFORE_ALL is number 0. Raises CorruptFile."""
    if number == 0:
        return BEFORE_ALL
    name = _name(topic, number, ".json")
    try:
        with storage.open(name) as file:
            document = json.loads(file.read())
        cuts = {int(p): int(cut) for p, cut in document["cuts"].items()}
        return Closing(number, day_number(document["day"]), cuts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(f"{name}: not a closing ({error}); restore it from a backup") from None


def announce(storage: Storage, topic: str, closing: Closing) -> Closing:
    """Decide, or take the decision that has this number already; durable either way."""
    cuts = {str(partition): cut for partition, cut in sorted(closing.cuts.items())}
    document = {"day": day_name(closing.day), "cuts": cuts}
    text = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
    try:
        storage.put_new(_name(topic, closing.number, ".json"), lambda file: file.write(text))
    except FileExistsError:
        return read_closing(storage, topic, closing.number)
    return closing


def is_done(storage: Storage, topic: str, number: int) -> bool:
    """Whether the day of a decision is published and durable."""
    return has(storage, _name(topic, number, ".done"))


def mark_done(storage: Storage, topic: str, number: int, now: Nanoseconds) -> None:
    """Say so, and when, by the own clock; another closer may have said it."""
    text = json.dumps({"time": now}).encode() + b"\n"
    with contextlib.suppress(FileExistsError):
        storage.put_new(_name(topic, number, ".done"), lambda file: file.write(text))


def done_time(storage: Storage, topic: str, number: int) -> Nanoseconds | None:
    """When a decision was marked done; None when it is not, or was before times were noted.

    Raises CorruptFile.
    """
    name = _name(topic, number, ".done")
    try:
        with storage.open(name) as file:
            text = file.read()
        return int(json.loads(text)["time"]) if text else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(f"{name}: not a mark ({error}); restore it from a backup") from None


def _highest(storage: Storage, topic: str, suffix: str) -> int:
    names = storage.names(f"{topic}/closings")
    numbers = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _name(topic: str, number: int, suffix: str) -> str:
    return f"{topic}/closings/{number:08d}{suffix}"
