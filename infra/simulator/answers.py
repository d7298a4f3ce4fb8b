"""What a simulated site of the past answered: the text of each request line, and what was served.

Two arms answer, as `routing` deals users. Both recommend from the most popular movies; how much the
lists of one follow the user's taste beside that is FOLLOWS, so that one has more of what its users
go on to watch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infra.simulator.exact import Bools, Floats, Ints, bell, race, stream
from infra.simulator.world import HIGH, LOW, World
from movierec.lines import events
from movierec.routing import Routing, arm
from serve.metrics import DEADLINE_MS

HOST = "recommender.example:8082"
LIST = 20
SHELF = slice(0, 60)
"""The site recommends from its most popular movies."""
EVEN = Routing("1", {"svd": 50, "svdpp": 50})
FOLLOWS = {"svd": 0.0, "svdpp": 0.45}
"""By arm the eagerness (`World.appeal`) of its lists."""
ERROR = {"svd": 0.6, "svdpp": 0.5}
"""Standard deviation of what an arm predicts around the user's liking, in rating points."""
LOST = 0.005
"""Of the answers, these are not in the served log: it is written as well as may be."""

FAILURES = (
    "java.net.SocketTimeoutException: Read timed out",
    "java.net.ConnectException: Connection refused (Connection refused), host: 10.0.0.7:8082",
    "java.io.IOException: unexpected end of stream on http://10.0.0.7:8082/recommend/, retried 1",
)


@dataclass(frozen=True)
class Answer:
    """What was served."""

    ids: list[str]
    """What the user got; nothing where that was no list."""
    arm: str
    tier: str
    predicted: list[float]
    """What the user would rate each of `ids`."""
    ms: int
    lost: bool
    """Whether the served log lacks it."""
    led: bool
    """Whether the user went on to watch one of `ids`."""


class Asked(NamedTuple):
    """Requests."""

    users: Ints  # rows of the world
    movies: Ints  # columns of the world: what each user watches after the answer
    seen: Bools  # (n, SHELF) what they had seen before the day


class Site:
    """Both arms, and every answer that they gave, by the number of its request."""

    def __init__(self, world: World, routing: Routing = EVEN) -> None:
        self.world = world
        self.routing = routing
        self.answers: list[Answer] = []
        self._arms = np.array([self.arm_of(user) for user in world.users.tolist()])

    def arm_of(self, user: int) -> str:
        """Who answers a user."""
        return arm(user, self.routing.salt, self.routing.weights)

    def answer(self, random: np.random.Generator, day: int, asked: Asked) -> list[str]:
        """Answer requests; the texts that follow `recommendation request `, oddities included."""
        count = len(asked.users)
        arms = self._arms[asked.users]
        lists = recommendations(random, self.world, asked, arms)
        chances = random.integers(0, 1000, (count, 3)).tolist()
        waits = random.integers(15, 400, count).tolist()
        aside = stream(self.world.seed, 4, day)  # what the event log knows nothing of
        lost = (aside.random(count) < LOST).tolist()
        predicted = self._predicted(aside, asked.users, lists).tolist()
        texts = []
        for row, columns in enumerate(lists.tolist()):
            ids = [self.world.movies[column] for column in columns]
            text, given = _text(ids, waits[row], *chances[row])
            told = dict(zip(ids, predicted[row], strict=True))
            tier = "model" if len(given) == len(ids) else "popular"
            led = self.world.movies[asked.movies[row]] in given
            rated = [told[movie] for movie in given]
            self.answers.append(
                Answer(given, str(arms[row]), tier, rated, waits[row], lost[row], led)
            )
            texts.append(text)
        return texts

    def _predicted(self, random: np.random.Generator, users: Ints, lists: Ints) -> Floats:
        """What arms predict of the movies in `lists`, (len(users), LIST), to two decimals."""
        error = np.array([ERROR.get(name, 1.0) for name in self._arms[users].tolist()])
        liking = np.take_along_axis(self.world.liking(users, SHELF), lists, axis=1)
        noisy = liking + error[:, None] * bell(random, *lists.shape)
        predicted: Floats = np.floor(np.clip(noisy, LOW, HIGH) * 100 + 0.5) / 100
        return predicted


def recommendations(
    random: np.random.Generator, world: World, asked: Asked, arms: NDArray[np.str_]
) -> Ints:
    """A list of movie columns, best first, for each request, by the arm that answers it. What the
    user has seen comes last."""
    follows = np.array([FOLLOWS.get(name, 0.0) for name in arms.tolist()])
    keys = race(random, world.appeal(asked.users, follows[:, None], SHELF))
    keys[asked.seen] = np.inf
    return np.argsort(keys, axis=1, kind="stable")[:, :LIST]


def request_text(ids: list[str], status: int, ms: int, *, host: str = HOST) -> str:
    """The plain text of an answer."""
    return events.request_text(host, status, ", ".join(ids), ms)


def _text(ids: list[str], ms: int, odd: int, comma: int, glue: int) -> tuple[str, list[str]]:
    """One answer, and what the user got; `odd`, `comma` and `glue` are chances in 0..999."""
    status = 200
    if odd < 10:  # the service failed
        return events.request_text(HOST, 0, FAILURES[odd % len(FAILURES)], ms), []
    if odd < 20:  # the answer came too late
        status, ms = 0, DEADLINE_MS + ms
    elif odd < 40:  # the service had fewer
        ids = ids[: 1 + odd % LIST]
    elif odd < 60:  # the service repeated itself
        ids = [*ids[:-1], ids[odd % (len(ids) - 1)]]
    result = ("," if comma < 200 else ", ").join(ids)
    unit = "ms" if glue < 20 else " ms"
    return events.request_text(HOST, status, result, ms, unit), ids if status == 200 else []
