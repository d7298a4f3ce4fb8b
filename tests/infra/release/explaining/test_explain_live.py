"""1,000 answers of a live run over two releases, made again from their tags: 1,000 identical; and
what it takes for one not to be."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.release import explain as program
from infra.release.context import extract
from infra.release.explaining.again import model_of
from infra.release.explaining.answers import Found, ServedLog
from infra.release.explaining.judging import Verdict, explain
from infra.release.explaining.makers import Makers
from infra.release.package import fetch, locked_model
from infra.release.tag import resolve
from infra.repository import git
from movierec.models.modelfile import load_model
from serve.service.recommender import Recommender
from tests.brokers.kafka import Broker
from tests.infra.release.explaining.live import TIERS, Live, lived
from tests.infra.release.tagged import retrained

pytestmark = [pytest.mark.slow, pytest.mark.broker, pytest.mark.timeout(1800)]
VERSIONS = ("v1.0.0", "v1.1.0")
WHO = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")


@pytest.fixture(scope="module")
def live(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Live:
    folder = tmp_path_factory.mktemp("live")
    repository = retrained(folder, VERSIONS)
    live = lived(folder, repository, kafka, VERSIONS)
    # The days that the releases were trained on, as the same collector would have them.
    shutil.copytree(folder / "trained/data/movielog", live.store / "movielog")
    return live


@pytest.fixture(scope="module")
def makers(live: Live) -> Iterator[Makers]:
    with Makers(live.repository, live.folder / "cache", None, why=False) as makers:
        yield makers


def run(live: Live, *options: str) -> int:
    where = {"--store": live.store, "--repo": live.repository, "--cache": live.folder / "cache"}
    where |= {"--served-topic": Path(live.served)}
    return program.main([*(str(word) for pair in where.items() for word in pair), *options])


def one(live: Live, wanted: Callable[[dict[str, Any]], object]) -> Found:
    """An answer of the run of which something is so."""
    return next(found for found in log_of(live) if wanted(found.said))


def log_of(live: Live) -> Iterator[Found]:
    """All answers of the run."""
    return ServedLog(live.store, live.served).all()


def said(found: Found, **changes: Any) -> Found:
    """The like, had its line said something else."""
    return Found.of(json.dumps(found.said | changes).encode(), found.where)


def rated(said: dict[str, Any]) -> bool:
    """Whether an answer was folded in by a rating far from the middle."""
    ratings = [rating for _, rating in said.get("history", [])]
    return said["tier"] == "fold-in" and any(r is not None and abs(r - 3) > 1 for r in ratings)


def test_every_tag_has_a_model_and_lists_of_its_own(live: Live, tmp_path: Path) -> None:
    """Else answers of one release would come out identical by another's model, too."""
    tags = [f"{kind}@{version}" for kind in ("svd", "svdpp") for version in VERSIONS]
    assert git(live.repository, "tag", "--list").split() == tags
    hashes, lists = set(), {}
    for name in tags:
        tag = resolve(live.repository, name)
        locked = locked_model(live.repository, tag)
        fetch(live.repository, tag, locked, tmp_path / name)
        model = load_model(tmp_path / name)
        assert model.manifest["kind"] == tag.kind
        hashes.add(locked.md5)
        recommender = Recommender(model)
        lists[name] = [recommender.answer(int(user)).ids for user in model.users[:50]]
    assert len(hashes) == len(tags)
    for kind in ("svd", "svdpp"):
        first, second = (lists[f"{kind}@{version}"] for version in VERSIONS)
        assert np.mean([a != b for a, b in zip(first, second, strict=True)]) > 0.5
    assert git(live.folder / "trained", "status", "--porcelain") == ""


def test_a_thousand_answers_of_two_releases_come_out_identical(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(live, "--sample", "1000", "--seed", "7") == 0
    told = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{told}", end="")
    assert told.endswith("1,000 answers: 1,000 IDENTICAL, 0 DIFFERENT, 0 NOT MADE AGAIN\n")
    for kind in ("svd", "svdpp"):
        for version in VERSIONS:
            for tier in TIERS:
                assert f"{kind}@{version}  {tier} " in told


def test_all_that_was_answered_is_in_the_log(live: Live) -> None:
    logged = sum(1 for _ in log_of(live))
    assert logged >= live.answered.total()


def test_one_answer_is_told_with_all_that_stands_behind_it(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    found = one(live, rated)
    assert run(live, "--request-id", found.said["request_id"]) == 0
    told = capsys.readouterr().out
    tag = resolve(live.repository, found.said["model"])
    words = " ".join(told.split())
    assert told.startswith("IDENTICAL  ")
    assert f"{tag.name}, commit {tag.commit} of " in words and "made by its own code" in words
    assert (
        "data 1 day of movielog 2026-11-01 " in words
        and "lines, offsets by partition: 0 0–" in words
    )
    assert "n_factors 16" in words and "has no row in the model, and was folded in by" in words
    assert f"arm {found.said['arm']}: the routing deals user {found.said['user']} to it" in words
    assert "because of" in words
    assert run(live, "--user", str(found.said["user"]), "--at", found.said["time"]) == 0
    assert f"request {found.said['request_id']}" in capsys.readouterr().out.split("\n\n")[1]


def test_a_flipped_rating_or_another_version_is_different(live: Live, makers: Makers) -> None:
    def verdicts(changes: Callable[[dict[str, Any]], dict[str, Any]]) -> set[Verdict]:
        return {explain(said(found, **changes(found.said)), makers).verdict for found in some}

    def flipped(was: dict[str, Any]) -> dict[str, Any]:
        return {"history": [[m, r if r is None else round(6 - r, 2)] for m, r in was["history"]]}

    def of_another(was: dict[str, Any]) -> dict[str, Any]:
        kind, version = was["model"].split("@")
        return {"model": f"{kind}@{next(v for v in VERSIONS if v != version)}"}

    # Not of one answer alone: a list of few movies to choose from may be the same for all that.
    some = list(islice((f for f in log_of(live) if rated(f.said)), 8))
    assert verdicts(lambda _: {}) == {Verdict.IDENTICAL}
    assert Verdict.DIFFERENT in verdicts(flipped)
    assert verdicts(of_another) == {Verdict.DIFFERENT}


@pytest.fixture
def moved_on(live: Live, tmp_path: Path) -> Path:
    """A clone in which the ranking has changed since: its branch's, and not its tags'."""
    clone = tmp_path / "clone"
    git(live.folder, "clone", "--quiet", str(live.repository), str(clone))
    path = clone / "stages/movierec/models/uptake.py"
    text = path.read_text()
    changed = text.replace("+ uptake.floor) *", "+ 9 * uptake.floor) *")
    assert changed != text
    path.write_text(changed)
    git(clone, *WHO, "commit", "--quiet", "--all", "--message", "Weigh what is popular more")
    return clone


def test_a_list_comes_out_by_its_release_s_code_and_by_no_later_one(
    live: Live, moved_on: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = one(live, lambda said: said["tier"] == "model" and said["ids"])
    with Makers(moved_on, live.folder / "cache", None, why=False) as makers:
        assert explain(found, makers).verdict is Verdict.IDENTICAL
    head = git(moved_on, "rev-parse", "HEAD").strip()
    monkeypatch.setattr(
        "infra.release.explaining.again.extract",
        lambda clone, tag, *rest: extract(clone, replace(tag, commit=head), *rest),
    )
    with Makers(moved_on, live.folder / "cache", None, why=False) as makers:
        assert explain(found, makers).verdict is Verdict.DIFFERENT


def test_a_release_that_was_taken_back_is_asked_all_the_same(
    live: Live, moved_on: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = one(live, lambda said: said["model"] == "svd@v1.0.0")
    git(moved_on, *WHO, "tag", "--annotate", "--message", "back", "svd@v1.0.0!", "svd@v1.0.0")
    assert run(live, "--request-id", found.said["request_id"], "--repo", str(moved_on)) == 0
    assert "taken back since, by svd@v1.0.0!" in " ".join(capsys.readouterr().out.split())


def test_what_is_kept_is_verified_and_damaged_it_is_fetched_anew(live: Live) -> None:
    tag = resolve(live.repository, "svd@v1.0.0")
    cache = live.folder / "cache"
    kept = model_of(live.repository, tag, cache)
    assert kept.name == locked_model(live.repository, tag).md5
    before = (kept / "users.npy").stat().st_ino
    assert model_of(live.repository, tag, cache) == kept
    assert (kept / "users.npy").stat().st_ino == before, "it was there"
    content = (kept / "users.npy").read_bytes()
    (kept / "users.npy").unlink()
    (kept / "users.npy").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert model_of(live.repository, tag, cache) == kept
    assert (kept / "users.npy").read_bytes() == content
    assert [path for path in cache.iterdir() if path.name.startswith(".")] == []


def test_a_model_that_the_remote_has_lost_is_named(live: Live, tmp_path: Path) -> None:
    found = one(live, lambda said: said["model"] == "svd@v1.0.0")
    store = live.repository.parent / "store"
    store.rename(tmp_path / "gone")
    try:
        with Makers(live.repository, tmp_path / "cache", None, why=False) as makers:
            judged = explain(found, makers)
    finally:
        (tmp_path / "gone").rename(store)
    assert (judged.verdict, judged.mend) == (Verdict.NOT_MADE, True)
    assert judged.why.startswith("svd@v1.0.0: DVC does not get models/svd (")


def test_a_package_is_held_against_the_release_that_a_line_names(live: Live) -> None:
    found = one(live, lambda said: said["model"] == "svd@v1.0.0" and said["tier"] == "model")
    packages = {
        version: model_of(
            live.repository, resolve(live.repository, f"svd@{version}"), live.folder / "cache"
        )
        for version in VERSIONS
    }
    for version, verdict in zip(VERSIONS, (Verdict.IDENTICAL, Verdict.NOT_MADE), strict=True):
        with Makers(live.repository, None, packages[version], why=False) as makers:
            judged = explain(found, makers)
        assert judged.verdict is verdict
        assert ("is not the model of svd@v1.0.0: it is " in judged.why) == judged.mend
        assert judged.mend == (verdict is Verdict.NOT_MADE)
