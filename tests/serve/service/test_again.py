"""From a served line the same answer: every tier, both models, any history; or why not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.models.modelfile import load_model
from serve.http.request import HURRIED
from serve.kafka import KafkaSettings
from serve.service.again import Again
from serve.service.app import HISTORY, create_app
from serve.service.recommender import Recommender
from serve.settings import ServiceSettings
from tests.inputs.packages import KINDS, MOVIES, STRANGER, WATCHER, package
from tests.serve.conftest import Lines


class Service:
    """One of a model that was saved, with a history that is followed by hand, and its lines."""

    def __init__(self, folder: Path, kind: str) -> None:
        package(folder, kind)
        self.loaded = load_model(folder)
        kafka = KafkaSettings(("127.0.0.1:1",))
        self.lines = Lines()
        app = create_app(
            ServiceSettings(folder, kafka=kafka, history=True), self.loaded, served=self.lines
        )
        self.client, self.histories = app.test_client(), app.extensions[HISTORY]._histories
        # The package anew, as somebody would who has a line and a tag.
        self.again = Again(Recommender(load_model(folder)))
        self.movies = [movie.decode() for movie in self.loaded.movies.tolist()]
        self.users = [int(user) for user in self.loaded.users[:4]] + [WATCHER, STRANGER]

    def does(self, user: int, what: str) -> None:
        self.histories.add(f"2026-11-01T19:03:07.250,{user},GET {what}".encode())

    def asked(
        self, user: int, query: str = "", hurried: bool = False, accept: str = "*/*"
    ) -> dict[str, Any]:
        """What the line says that this was logged as."""
        more = {"environ_overrides": {HURRIED: True}} if hurried else {}
        response = self.client.get(f"/recommend/{user}{query}", headers={"Accept": accept}, **more)
        assert response.status_code == 200
        said: dict[str, Any] = json.loads(self.lines.lines[-1][1])
        return said


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Service]:
    return {kind: Service(tmp_path_factory.mktemp(kind) / "m", kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def service(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    return services[request.param]


def is_same(again: dict[str, Any], said: dict[str, Any]) -> bool:
    return (again["tier"], again["ids"]) == (said["tier"], said["ids"])


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_every_tier_comes_out_the_same_before_and_after_events(
    service: Service, accept: str
) -> None:
    tiers = set()
    for user in service.users:
        for n in range(5):
            for _ in range(2):  # made, and kept
                said = service.asked(user, accept=accept)
                assert is_same(service.again.answer(said), said)
                assert ("history" in said) == (service.histories.of(user) is not None)
                tiers.add(said["tier"])
            movie = service.movies[(user + 7 * n) % MOVIES]
            service.does(user, f"/rate/{movie}={n + 1}.25" if n % 2 else f"/data/m/{movie}/1.mpg")
    assert tiers >= {"model", "fold-in"}
    unheard_of = service.asked(10**9, accept=accept)
    assert unheard_of["tier"] == "popular"
    assert is_same(service.again.answer(unheard_of), unheard_of)


steps = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, MOVIES - 1), st.none() | st.integers(100, 500)),
    max_size=12,
)


@given(steps=steps, kind=st.sampled_from(KINDS), hurried=st.booleans())
@settings(max_examples=60, deadline=None)
def test_whatever_was_followed_the_line_holds_it(
    services: dict[str, Service], steps: list[Any], kind: str, hurried: bool
) -> None:
    service = services[kind]
    for n, column, hundredths in steps:
        user, movie = service.users[n], service.movies[column]
        what = f"/data/m/{movie}/1.mpg"
        if hundredths is not None:
            what = f"/rate/{movie}={hundredths // 100}.{hundredths % 100:02d}"
        service.does(user, what)
        said = service.asked(user, hurried=hurried)
        assert is_same(service.again.answer(said), said)
        assert not {service.movies[column]} & set(said["ids"])


def test_with_why_each_movie_has_the_figures_of_a_json_answer(service: Service) -> None:
    for user in service.users:
        headers = {"Accept": "application/json"}
        answered = service.client.get(f"/recommend/{user}", headers=headers).get_json()
        again = service.again.answer(json.loads(service.lines.lines[-1][1]), why=True)
        for name in ("ids", "scores", "ratings", "because"):
            assert again[name] == answered[name]


def test_it_says_what_is_known_of_the_user_and_what_a_hurry_passed_over(
    services: dict[str, Service],
) -> None:
    service = services["svd"]
    user = service.users[0]
    seen = len(service.loaded.seen_of(0))
    told = [
        service.again.answer(service.asked(*asked))
        for asked in [(user,), (user, "", True, "application/json"), (WATCHER,), (10**9,)]
    ]
    facts = [tuple(again[k] for k in ("tier", "unhurried", "row", "seen")) for again in told]
    assert facts == [
        ("model", "model", True, seen),
        ("popular", "model", True, seen),
        ("model", "model", False, 3),
        ("popular", "popular", False, 0),
    ]


def test_of_another_model_s_movie_it_says_so(service: Service) -> None:
    said = service.asked(STRANGER) | {"history": [["nowhere+1999", None]]}
    expected = {"cannot": "movie nowhere+1999 of its history is not in this model"}
    assert service.again.answer(said) == expected
