"""What a simulated site of the past answered: the text of recommendation request lines."""

import numpy as np

from infra.simulator.exact import Ints, race
from infra.simulator.world import World
from movierec.lines import events
from serve.metrics import DEADLINE_MS

HOST = "recommender.example:8082"
LIST = 20
SHELF = 60
"""The site recommends from its most popular movies."""

FAILURES = (
    "java.net.SocketTimeoutException: Read timed out",
    "java.net.ConnectException: Connection refused (Connection refused), host: 10.0.0.7:8082",
    "java.io.IOException: unexpected end of stream on http://10.0.0.7:8082/recommend/, retried 1",
)


def recommendations(random: np.random.Generator, world: World, count: int) -> Ints:
    """`count` lists of movie columns, best first."""
    shelf = world.popularity[:SHELF]
    keys = race(random, np.broadcast_to(shelf, (count, len(shelf))))
    return np.argsort(keys, axis=1, kind="stable")[:, :LIST]


def request_texts(random: np.random.Generator, world: World, count: int) -> list[str]:
    """`count` texts that follow `recommendation request `, oddities included."""
    lists = recommendations(random, world, count).tolist()
    chances = random.integers(0, 1000, (count, 3)).tolist()
    waits = random.integers(15, 400, count).tolist()
    return [
        _text([world.movies[column] for column in columns], wait, *chance)
        for columns, wait, chance in zip(lists, waits, chances, strict=True)
    ]


def request_text(ids: list[str], status: int, ms: int, *, host: str = HOST) -> str:
    """The plain text of an answer."""
    return events.request_text(host, status, ", ".join(ids), ms)


def _text(ids: list[str], ms: int, odd: int, comma: int, glue: int) -> str:
    """One answer; `odd`, `comma` and `glue` are chances in 0..999."""
    status = 200
    if odd < 10:  # the service failed
        return events.request_text(HOST, 0, FAILURES[odd % len(FAILURES)], ms)
    if odd < 20:  # the answer came too late
        status, ms = 0, DEADLINE_MS + ms
    elif odd < 40:  # the service had fewer
        ids = ids[: 1 + odd % LIST]
    elif odd < 60:  # the service repeated itself
        ids = [*ids[:-1], ids[odd % (len(ids) - 1)]]
    result = ("," if comma < 200 else ", ").join(ids)
    unit = "ms" if glue < 20 else " ms"
    return events.request_text(HOST, status, result, ms, unit)
