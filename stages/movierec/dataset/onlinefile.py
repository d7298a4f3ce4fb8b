"""The file that names the days whose answers are judged, `data/online/window.yaml`: its one reader
and writer.

Of each day it has what `dvc.yaml` reads beside that day: of both topics the folder of the day
before, where that is closed, else the day's own. Each of them is a closed day.

>>> print(text_of([OnlineDay("2026-11-02", {"movielog": "2026-11-01", "served": "2026-11-02"})]))
# The days whose answers are judged. Written by `python -m infra.release.window`.
online_days:
  "2026-11-02":
    movielog_before: data/movielog/days/2026-11-01
    served_before: data/served/days/2026-11-02
<BLANKLINE>
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.errors import BadInput
from movierec.files import write_text
from movierec.times import day_number
from movierec.yamlfile import parse_yaml, read_yaml

TOPICS = ("movielog", "served")
"""What users did, and what they were answered."""
KEY = "online_days"
"""None of params.yaml's sections: DVC takes those and `vars` as one document."""
REMEDY = "let `python -m infra.release.window` write it"
HEAD = "# The days whose answers are judged. Written by `python -m infra.release.window`.\n"


@dataclass(frozen=True)
class OnlineDay:
    """A day whose answers are judged. Days are written YYYY-MM-DD."""

    day: str
    before: Mapping[str, str]
    """topic → the day before it, or the day itself where that one is not closed."""

    def reads(self) -> set[tuple[str, str]]:
        """(topic, day) of all that it takes to judge it."""
        return {(topic, day) for topic in TOPICS for day in (self.day, self.before[topic])}


def read_online(path: Path) -> list[OnlineDay]:
    """The days of the file, ascending; maybe none. Raises BadInput, naming what to do."""
    return _days(path, read_yaml(path, REMEDY))


def online_of(text: bytes, name: Path) -> list[OnlineDay]:
    """The days of the file's content. Raises BadInput when it is none."""
    return _days(name, parse_yaml(text, name, REMEDY))


def write_online(path: Path, days: Sequence[OnlineDay]) -> None:
    """Write the file; a crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text_of(days))


def text_of(days: Sequence[OnlineDay]) -> str:
    """The content of the file. Quoted: YAML would read a bare date as one."""
    if not days:
        return f"{HEAD}{KEY}: {{}}\n"
    lines = "".join(
        f'  "{item.day}":\n'
        + "".join(f"    {topic}_before: {_folder(topic, item.before[topic])}\n" for topic in TOPICS)
        for item in days
    )
    return f"{HEAD}{KEY}:\n{lines}"


def _folder(topic: str, day: str) -> str:
    """Where dvc.yaml finds a closed day."""
    return f"data/{topic}/days/{day}"


def _days(path: Path, document: dict[str, Any]) -> list[OnlineDay]:
    online = document.get(KEY)
    if set(document) != {KEY} or not isinstance(online, dict):
        raise BadInput(f"{path}: expected the key {KEY} and days below it; {REMEDY}")
    try:
        days = [_day(day, told) for day, told in online.items()]
    except (TypeError, ValueError, KeyError, AttributeError):
        raise BadInput(
            f"{path}: expected quoted dates, and below each the closed days before; {REMEDY}"
        ) from None
    if [item.day for item in days] != sorted(item.day for item in days):
        raise BadInput(f"{path}: the days must ascend; {REMEDY}")
    return days


def _day(day: str, told: dict[str, str]) -> OnlineDay:
    """One entry. Raises ValueError and its like when it is none."""
    number = day_number(day)
    before = {topic: told[f"{topic}_before"].rpartition("/")[2] for topic in TOPICS}
    if told != {f"{topic}_before": _folder(topic, before[topic]) for topic in TOPICS}:
        raise ValueError(day)
    if any(number - day_number(other) not in (0, 1) for other in before.values()):
        raise ValueError(day)
    return OnlineDay(day, before)
