"""Nights of a simulated site: what its users did by day, judged by the stages' own programs, and
`act` on what these say, before the next day is lived by what is in production then."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import online_evaluate
import online_merge
from infra.release import window
from infra.release.production import in_production
from infra.repository import git
from infra.simulator import answers
from infra.simulator.answers import Asked, Site
from infra.simulator.produce import log
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.dataset.onlinefile import read_online
from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from movierec.params import load_section
from movierec.routing import Routing
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from movierec.times import DAY, HOUR, MILLISECOND, day_name, day_number
from tests.infra.release.project import Ended, Project

FIRST = "2026-11-02"
SEED, USERS, MOVIES, LINES = 7, 800, 160, 70_000


class Living(Site):
    """A site whose routing and releases may change every night."""

    def __init__(self, nights: "Nights", world: Any) -> None:
        super().__init__(world)
        self.nights = nights

    def answer(self, random: np.random.Generator, day: int, asked: Asked) -> list[str]:
        """By the lists of what is in production."""
        nights = self.nights
        self.routing = nights.routing()
        self._arms = np.array([self.arm_of(user) for user in self.world.users.tolist()])
        nights.live = {kind: nights.release(kind) for kind in ("svd", "svdpp")}
        with pytest.MonkeyPatch.context() as patch:
            follows = {kind: nights.lists[name] for kind, name in nights.live.items()}
            patch.setattr(answers, "FOLLOWS", follows)
            return super().answer(random, day, asked)


@dataclass
class Nights:
    """A project, and the store of its site, beside it."""

    project: Project
    lists: Mapping[str, float]
    """release → how much its lists follow the user's taste (answers.FOLLOWS)."""
    days: int
    live: dict[str, str] = field(default_factory=dict)
    """Who answers each arm on the day that is lived."""
    ends: Counter[str] = field(default_factory=Counter)
    """topic → how many lines it had."""

    @property
    def store(self) -> Path:
        return self.project.folder / "collected"

    def release(self, kind: str) -> str:
        """What is in production by the origin's tags."""
        return in_production(self.project.origin, kind) or ""

    def routing(self) -> Routing:
        """As the origin's branch has it."""
        params = self.project.folder / "params.yaml"
        params.write_text(git(self.project.origin, "show", "main:params.yaml"))
        return load_section(params, "routing", Routing)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any], Ended]]:
        """Each day, what its night's evaluation says, and how `act` ended."""
        world = make_world(SEED, USERS, MOVIES)
        life = Life(world, LINES)
        life.site = Living(self, world)
        first = day_number(FIRST)
        for number, part in enumerate(log(life, first, self.days, 1)):
            if number == self.days:
                return
            day = first + number
            stamp = day_name(day)
            self.collect("movielog", part.lines, day)
            self.collect("served", [self.told(line) for line in part.served.lines], day)
            document = self.evaluate(stamp)
            yield stamp, document, self.act(day_name(day + 1))

    def told(self, line: bytes) -> bytes:
        """A line of the served log, by the release that answered."""
        served = json.loads(line)
        return json.dumps({**served, "model": self.live[served["arm"]]}).encode()

    def collect(self, topic: str, lines: list[bytes], day: int) -> None:
        """Store a day's lines and one of the next morning, by which the day is over; close it."""
        morning = day_name(day + 1) + "T00:40:00"
        closing = {
            "movielog": f"{morning},1,GET /data/m/nobody+1950/0.mpg",
            "served": json.dumps({
                "time": morning, "request_id": f"closing-{day}", "user": 1, "model": "svd@closing",
                "arm": "svd", "tier": "popular", "ids": ["nobody+1950"],
            }),
        }  # fmt: skip
        values = pa.array([*lines, closing[topic].encode()], pa.large_binary())
        start, now = self.ends[topic], (day + 1) * DAY + HOUR
        self.ends[topic] = end = start + len(values)
        batch = LineBatch(np.arange(start, end), np.full(len(values), -1), values)
        parse = parse_served if topic == "served" else parse_batch
        claim_partition(self.store, topic, 0).write(end, parse(batch, now // MILLISECOND))
        closed = Closer(self.store, topic, evidence=1).close_due_days({0: end}, 60, now)
        assert [one["day"] for one in closed] == [day_name(day)]

    def evaluate(self, day: str) -> dict[str, Any]:
        """Judge the day by the programs of the stages, and commit what they write."""
        work = self.project.work
        git(work, "pull", "--quiet", "--rebase")
        params, reports = work / "params.yaml", work / "metrics/online"
        told = ["--params", str(params)]
        store = ["--store", str(self.store), "--reports", str(reports)]
        assert window.main(["--last", "1", "--written", day, *store, *told]) == 0
        named = self.store / "online/window.yaml"
        (item,) = (one for one in read_online(named) if one.day == day)
        arguments = [*told, "--report", str(reports / f"{day}.json")]
        arguments += ["--output", str(self.store / "online/days" / day)]
        for topic in ("movielog", "served"):
            days = self.store / topic / "days"
            arguments += [f"--{topic}", str(days / day)]
            arguments += [f"--{topic}-before", str(days / item.before[topic])]
        assert online_evaluate.main(arguments) == 0
        report = work / "metrics/online.json"
        place = ["--window", str(named), "--days", str(self.store / "online/days")]
        assert online_merge.main([*place, *told, "--report", str(report)]) == 0
        self.project.commit(f"Evaluate {day}")
        git(work, "push", "--quiet")
        document: dict[str, Any] = json.loads(report.read_text())
        return document

    def act(self, today: str) -> Ended:
        """The next morning."""
        return self.project.release("act", "--today", today)
