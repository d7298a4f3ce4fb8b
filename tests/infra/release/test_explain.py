"""From a served line the same list: every tier, both models, any history; or it says why not."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.release import explain as program
from infra.release.explain import OTHER, SAME, TOLD, explain
from movierec.errors import BadInput
from movierec.models.modelfile import load_model
from serve.http.request import HURRIED
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.service.recommender import Recommender
from serve.settings import ServiceSettings
from tests.inputs.packages import KINDS, MOVIES, STRANGER, WATCHER, package
from tests.serve.conftest import Lines


class Service:
    """One of a model that was saved, with a history that is followed by hand, and its lines."""

    def __init__(self, folder: Path, kind: str) -> None:
        package(folder, kind)
        self.folder, self.loaded = folder, load_model(folder)
        kafka = KafkaSettings(("127.0.0.1:1",))
        self.lines = Lines()
        app = create_app(
            ServiceSettings(folder, kafka=kafka, history=True), self.loaded, served=self.lines
        )
        self.client, self.histories = app.test_client(), app.extensions[HISTORY]._histories
        # The package anew, as somebody would who has a line and a tag.
        self.recommender = Recommender(load_model(folder))
        self.movies = [movie.decode() for movie in self.loaded.movies.tolist()]
        self.users = [int(user) for user in self.loaded.users[:4]] + [WATCHER, STRANGER]

    def does(self, user: int, what: str) -> None:
        self.histories.add(f"2026-11-01T19:03:07.250,{user},GET {what}".encode())

    def asked(
        self, user: int, query: str = "", hurried: bool = False, accept: str = "*/*"
    ) -> bytes:
        more = {"environ_overrides": {HURRIED: True}} if hurried else {}
        response = self.client.get(f"/recommend/{user}{query}", headers={"Accept": accept}, **more)
        assert response.status_code == 200
        line: bytes = self.lines.lines[-1][1]
        return line


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Service]:
    return {kind: Service(tmp_path_factory.mktemp(kind) / "m", kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def service(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    return services[request.param]


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_every_tier_comes_out_the_same_before_and_after_events(
    service: Service, accept: str
) -> None:
    tiers = set()
    for user in service.users:
        for n in range(5):
            for _ in range(2):  # made, and kept
                line = service.asked(user, accept=accept)
                explained = explain(line, service.recommender)
                assert explained.verdict == SAME
                said = json.loads(line)
                assert ("history" in said) == (service.histories.of(user) is not None)
                tiers.add(said["tier"])
            movie = service.movies[(user + 7 * n) % MOVIES]
            service.does(user, f"/rate/{movie}={n + 1}.25" if n % 2 else f"/data/m/{movie}/1.mpg")
    assert tiers >= {"model", "fold-in"}
    unheard_of = service.asked(10**9, accept=accept)
    assert json.loads(unheard_of)["tier"] == "popular"
    assert explain(unheard_of, service.recommender).verdict == SAME


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
        line = service.asked(user, hurried=hurried)
        explained = explain(line, service.recommender)
        assert explained.verdict == SAME
        assert not {service.movies[column]} & set(json.loads(line)["ids"])


def test_a_list_that_was_told_something_cannot_be_made_again(service: Service) -> None:
    line = service.asked(STRANGER, f"?watched={service.movies[3]}".replace("+", "%2B"))
    assert json.loads(line)["told"] is True
    explained = explain(line, service.recommender)
    assert (explained.verdict, explained.answer) == (TOLD, None)


def test_what_is_another_list_is_called_so(service: Service) -> None:
    said = json.loads(service.asked(service.users[0]))
    swapped = [said["ids"][1], said["ids"][0], *said["ids"][2:]]
    for change in ({"ids": swapped}, {"ids": said["ids"][:-1]}, {"user": service.users[1]}):
        line = json.dumps(said | change).encode()
        assert explain(line, service.recommender).verdict == OTHER


def test_of_another_model_s_movies_it_says_so(service: Service) -> None:
    said = json.loads(service.asked(STRANGER)) | {"history": [["nowhere+1999", None]]}
    with pytest.raises(BadInput, match="nowhere"):
        explain(json.dumps(said).encode(), service.recommender)
    with pytest.raises(BadInput, match="not-json"):
        explain(b"{", service.recommender)


def test_the_program_prints_lists_with_their_reasons_and_ends_by_the_verdict(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user = service.users[0]
    lines = [service.asked(user), service.asked(user, "?exclude=")]
    expected = [(lines[:1], 0, "1 of 1"), (lines, 1, "1 of 2"), ([], 1, "0 of 0")]
    for given_lines, status, count in expected:
        text = b"".join(line + b"\n" for line in given_lines)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
        assert program.main(["--model-dir", str(service.folder)]) == status
        printed = capsys.readouterr().out
        assert f"{count} lists are the same" in printed
        for line in given_lines[:1]:
            for movie in json.loads(line)["ids"]:
                assert movie in printed
            assert SAME in printed
