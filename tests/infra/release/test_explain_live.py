"""1,000 answers of a live run over two releases, made again from their tags: 1,000 identical."""

import pytest

from infra.release import explain as program
from infra.release.answers import ServedLog
from tests.brokers.kafka import Broker
from tests.infra.release.live import TIERS, Live, lived
from tests.infra.release.tagged import retrained

pytestmark = [pytest.mark.slow, pytest.mark.broker]
VERSIONS = ("v1.0.0", "v1.1.0")


@pytest.fixture(scope="module")
def live(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Live:
    folder = tmp_path_factory.mktemp("live")
    return lived(folder, retrained(folder, VERSIONS), kafka, VERSIONS)


def asked(live: Live, *options: str) -> list[str]:
    where = {"--store": live.store, "--repo": live.repository, "--cache": live.folder / "cache"}
    topics = {"--served-topic": live.served, "--event-topic": live.events}
    return [*options, *(str(word) for pair in (where | topics).items() for word in pair)]


def test_a_thousand_answers_of_two_releases_come_out_identical(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(asked(live, "--sample", "1000", "--seed", "7")) == 0
    told = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{told}")
    assert told.endswith("1,000 answers: 1,000 IDENTICAL, 0 DIFFERENT, 0 NOT MADE AGAIN\n")
    for kind in ("svd", "svdpp"):
        for version in VERSIONS:
            for tier in TIERS:
                assert f"{kind}@{version}  {tier} " in told


def test_all_that_was_answered_is_in_the_log(live: Live) -> None:
    logged = sum(1 for _ in ServedLog(live.store, live.served).all())
    assert logged >= live.answered.total()
