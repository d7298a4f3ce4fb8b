"""The served log of a simulated site of the past: what its two arms served, in lines that the
services of today would write."""

import json
from collections import Counter
from typing import NamedTuple

import numpy as np

from infra.simulator.answers import LIST, Answer, Site
from infra.simulator.exact import partition_of
from infra.simulator.log import Rows
from infra.simulator.sender import Sender
from infra.simulator.world import MAX_USER_ID
from movierec.lines.kinds import REQUEST
from movierec.lines.served import VERSION
from movierec.times import MILLISECOND, Nanoseconds, format_time

DIGITS = 3
RELEASE = "v1.0.0"
"""Of each arm."""
CLOSERS = 32
"""Answers after the last day: more than it takes the collector to believe that a day is over."""


class Served(NamedTuple):
    """Some lines of the served log, in the order in which they are sent."""

    lines: list[bytes]
    users: list[int]
    timestamps: list[int]
    """Milliseconds since 1970."""

    def send(self, sender: Sender) -> None:
        """Send them: those of a user to one partition."""
        partitions = partition_of(np.array(self.users, np.int64), sender.partitions).tolist()
        for line, partition, timestamp in zip(self.lines, partitions, self.timestamps, strict=True):
            sender.send(line, partition, timestamp)


def served_of(site: Site, rows: Rows) -> Served:
    """What was served to those whose requests are among `rows`: each list that a user got, but for
    the lost ones."""
    served = Served([], [], [])
    for row in rows[rows["kind"] == REQUEST]:
        number, user, answer = int(row["number"]), int(row["user"]), site.answers[row["number"]]
        if answer.ids and not answer.lost:
            _add(served, answer, f"{number:012x}", user, int(row["time"]))
    return served


def lists_of(site: Site, rows: Rows) -> Counter[str]:
    """Of each arm how many lists users got (`lists svd`) by the requests among `rows`, and of how
    many they watched a movie next (`led svd`)."""
    counts: Counter[str] = Counter()
    for number in rows["number"][rows["kind"] == REQUEST].tolist():
        answer = site.answers[number]
        counts[f"lists {answer.arm}"] += bool(answer.ids)
        counts[f"led {answer.arm}"] += answer.led
    return counts


def closing_answers(site: Site, until: Nanoseconds) -> Served:
    """A newcomer's answers at `until`: the partition that they go to passes the day before, and the
    others, which are silent, with it."""
    user = MAX_USER_ID + 1
    ids = site.world.movies[:LIST]
    answer = Answer(ids, site.arm_of(user), "popular", [], 0, lost=False, led=False)
    served = Served([], [], [])
    for number in range(CLOSERS):
        _add(served, answer, f"closing-{number}", user, until)
    return served


def _add(served: Served, answer: Answer, name: str, user: int, time: Nanoseconds) -> None:
    """Append the line of an answer whose request line, the site's, has this time."""
    moment = (time - answer.ms * MILLISECOND) // MILLISECOND
    told = {
        "v": VERSION,
        "time": format_time(moment * MILLISECOND, DIGITS),
        "request_id": name,
        "user": user,
        "model": f"{answer.arm}@{RELEASE}",
        "arm": answer.arm,
        "tier": answer.tier,
        "ids": answer.ids,
    }
    if answer.predicted:
        told["ratings"] = answer.predicted
    served.lines.append(json.dumps(told, separators=(",", ":")).encode())
    served.users.append(user)
    served.timestamps.append(moment)
