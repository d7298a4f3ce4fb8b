"""Whatever a model, a user, a history and a wish: a list of the right tier, counted under its
name, with nothing in it that is known to have been watched or rated."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from movierec.models.modelfile import load_model
from serve.http.request import HURRIED
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.settings import ServiceSettings
from tests.inputs.packages import KINDS, MOVIES, STRANGER, WATCHER, package
from tests.serve.conftest import Lines

TIERS = ("model", "fold-in", "popular")
columns = st.lists(st.integers(0, MOVIES - 1), max_size=8)


class Service:
    """One of a real model, anew for each example, whose events come by hand."""

    def __init__(self, folder: Path) -> None:
        self.model = load_model(folder)
        self.registry = CollectorRegistry()
        self.lines = Lines()
        app = create_app(
            ServiceSettings(folder, kafka=KafkaSettings(("127.0.0.1:1",)), history=True),
            self.model,
            registry=self.registry,
            served=self.lines,
        )
        self.client, self._histories = app.test_client(), app.extensions[HISTORY]._histories
        self.movies = [movie.decode() for movie in self.model.movies.tolist()]
        self.users = [*self.model.users.tolist(), WATCHER, STRANGER]

    def does(self, user: int, what: str) -> None:
        self._histories.add(f"2026-11-01T19:03:07.250,{user},GET {what}".encode())

    def ask(self, user: int, query: str, *, hurried: bool = False, method: str = "GET") -> Any:
        environ = {HURRIED: True} if hurried else {}
        path = f"/recommend/{user}{query}".replace("+", "%2B")
        return self.client.open(path, method=method, environ_overrides=environ)

    def known(self, user: int) -> set[int]:
        """What the package says that a user took up."""
        if user in self.model.users:
            u = int(np.searchsorted(self.model.users, user))
            return set(self.model.seen_of(u).tolist())
        return set(self.model.watchers_indices.tolist()) if user == WATCHER else set()

    def counted(self) -> dict[str, float]:
        value = partial(self.registry.get_sample_value, "movierec_answers_total")
        return {tier: value({"tier": tier}) or 0 for tier in TIERS}

    def tier(self, user: int, history: bool) -> str:
        """By serve/README.md."""
        if user in self.model.users or (user == WATCHER and self.model.uptake is not None):
            return "model"
        return "fold-in" if history else "popular"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], Service]]:
    folder = tmp_path_factory.mktemp("models")
    return {kind: partial(Service, package(folder / kind, kind)) for kind in KINDS}


@given(
    kind=st.sampled_from(KINDS),
    who=st.integers(0, 13),
    watched=columns,
    rated=columns,
    told=columns,
    exclude=columns,
    hurried=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_nothing_that_is_known_is_offered_and_the_tier_is_the_one_of_the_contract(
    services: dict[str, Callable[[], Service]],
    kind: str,
    who: int,
    watched: list[int],
    rated: list[int],
    told: list[int],
    exclude: list[int],
    hurried: bool,
) -> None:
    service = services[kind]()
    user, movies = service.users[who], service.movies
    for column in watched:
        service.does(user, f"/data/m/{movies[column]}/1.mpg")
    for column in rated:
        service.does(user, f"/rate/{movies[column]}=4.5")
    parts = {"watched": told, "exclude": exclude}
    query = "&".join(f"{k}={','.join(movies[i] for i in v)}" for k, v in parts.items() if v)
    response = service.ask(user, f"?{query}" if query else "", hurried=hurried)
    tier = "popular" if hurried else service.tier(user, bool(watched or rated or told))
    assert response.headers["X-Answer-Tier"] == tier
    assert service.counted() == {t: float(t == tier) for t in TIERS}
    ids = response.text.split(",")
    assert ids and len(set(ids)) == len(ids) <= 20
    not_offered = service.known(user) | {*watched, *rated, *told, *exclude}
    assert len(not_offered) < MOVIES  # else the best of it would be given again
    assert not {movies[i] for i in not_offered} & set(ids)
    assert len(ids) == min(20, MOVIES - len(not_offered))


@pytest.mark.parametrize("kind", KINDS)
def test_head_is_the_same_answer_without_its_body_not_counted_and_not_logged(
    services: dict[str, Callable[[], Service]], kind: str
) -> None:
    service = services[kind]()
    service.does(STRANGER, f"/data/m/{service.movies[3]}/1.mpg")
    for user in service.users:
        for hurried in (True, False):  # what is kept is given in a hurry, too
            head = service.ask(user, "", hurried=hurried, method="HEAD")
            assert (service.lines.lines, sum(service.counted().values())) == ([], 0)
            fresh = services[kind]()
            fresh.does(STRANGER, f"/data/m/{service.movies[3]}/1.mpg")
            got = fresh.ask(user, "", hurried=hurried)
            told = [(k, v) for k, v in head.headers if k != "X-Request-Id"]
            assert told == [(k, v) for k, v in got.headers if k != "X-Request-Id"]
            assert (head.status_code, head.data) == (200, b"")
            assert len(fresh.lines.lines) == sum(fresh.counted().values()) == 1


def test_what_was_given_in_a_hurry_is_not_given_again(
    services: dict[str, Callable[[], Service]],
) -> None:
    service = services["svdpp"]()
    user = service.users[0]
    assert service.ask(user, "", hurried=True).headers["X-Answer-Tier"] == "popular"
    calm = service.ask(user, "")
    assert calm.headers["X-Answer-Tier"] == "model"
    again = service.ask(user, "", hurried=True)  # it is there: nothing is quicker
    assert (again.headers["X-Answer-Tier"], again.text) == ("model", calm.text)
