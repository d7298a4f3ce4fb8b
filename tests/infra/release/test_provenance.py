"""Days and offsets stay known when the days have gone; the arm has its reason."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.release import expire
from infra.release.provenance import offsets_of, why_this_arm
from movierec.routing import arm
from movierec.store.days import day_folder, read_manifest
from movierec.store.expired import put_expired
from movierec.store.storage import at
from movierec.times import parse_time
from tests.inputs.days import TOPIC, close_days

DAY = "2026-11-01"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    close_days(tmp_path / "data", DAY, 1, lines_per_day=5_000)
    return tmp_path / "data"


def git(folder: Path, *arguments: str, at: str = "2026-11-01T00:00:00Z") -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false"]
    dated = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "PATH": "/usr/bin:/bin"}
    subprocess.run(["git", *who, *arguments], cwd=folder, env=dated, check=True)


def expired(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the day expire, by the verb."""
    root = store.parent
    monkeypatch.chdir(root)
    (root / "params.yaml").write_text("expire: {keep_days: 30}\n")
    report = root / f"metrics/online/{DAY}.json"
    report.parent.mkdir(parents=True)
    report.write_text(json.dumps({"days": [DAY], "open": False}))
    git(root, "init", "--quiet")
    git(root, "add", "params.yaml", "metrics")
    git(root, "commit", "--quiet", "--message", "Evaluate")
    assert expire.main(["--apply", "--today", "2026-12-10"]) == 0
    assert not day_folder(store, TOPIC, DAY).exists()


def test_the_offsets_of_a_day_are_its_manifest_s_and_outlive_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partitions = read_manifest(store, TOPIC, DAY)["partitions"]
    held = offsets_of(store, TOPIC, DAY)
    assert (held.partitions, held.note) == (partitions, "")
    assert [entry["first"] for entry in partitions.values()] == [0, 0]
    expired(store, monkeypatch)
    kept = offsets_of(store, TOPIC, DAY)
    assert (kept.partitions, kept.note) == (partitions, "expired on 2026-12-10")


def test_what_nobody_knows_is_said(store: Path) -> None:
    assert "not in " in offsets_of(store, TOPIC, "2026-11-02").note
    entry = {"topic": TOPIC, "day": "2026-10-01", "expired": "2026-11-02"}
    put_expired(at(store), entry | {"manifest_sha256": "ab" * 32})
    before = offsets_of(store, TOPIC, "2026-10-01")
    assert before.partitions is None
    assert before.note == "expired on 2026-11-02, and its offsets were not written down then"
    manifest = day_folder(store, TOPIC, DAY) / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"cut"', '"cut "', 1))
    assert "not this day's manifest" in offsets_of(store, TOPIC, DAY).note


def test_a_gap_of_the_log_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = read_manifest(store, TOPIC, DAY)
    gap = {"partition": 0, "from": 3, "to": 9}
    monkeypatch.setattr(
        "infra.release.provenance.read_manifest", lambda *_: manifest | {"gaps": [gap]}
    )
    assert offsets_of(store, TOPIC, DAY).note == "1 gap: the broker had lost lines of it"


ROUTING = 'routing: {salt: "%s", weights: {svd: %d, svdpp: %d}}\n'


@pytest.fixture
def routed(tmp_path: Path) -> Path:
    """A repository that sends everybody to svdpp from the 3rd of November on."""
    git(tmp_path, "init", "--quiet")
    for day, text in ((1, ROUTING % ("1", 50, 50)), (3, ROUTING % ("2", 0, 100)), (5, "a: 1\n")):
        (tmp_path / "params.yaml").write_text(text)
        git(tmp_path, "add", "params.yaml")
        git(tmp_path, "commit", "--quiet", "--message", "x", at=f"2026-11-{day:02d}T06:00:00Z")
    return tmp_path


def why(repository: Path, time: str, user: int, by: str) -> str:
    moment = parse_time(time)
    assert moment is not None
    said: dict[str, Any] = {"user": user, "arm": by}
    return why_this_arm(repository, said, moment[0])


def test_the_arm_is_that_of_the_routing_of_its_time(routed: Path) -> None:
    user = next(u for u in range(9) if arm(u, "1", {"svd": 50, "svdpp": 50}) == "svd")
    then = why(routed, "2026-11-02T00:00", user, "svd")
    assert then.startswith(f"the routing deals user {user} to it (params.yaml of ")
    assert then.endswith("the last before it: salt 1, weights svd 50, svdpp 50)")
    later = why(routed, "2026-11-03T07:00", user, "svd")
    assert later.startswith(f"the routing deals user {user} to svdpp (params.yaml of ")
    assert later.endswith("svd stood in, was asked by name, or users were dealt otherwise then")


def test_where_no_routing_is_known_it_says_so(routed: Path) -> None:
    before = why(routed, "2026-11-01T05:59", 1, "svd")
    assert before == "no params.yaml in the repository is as old as this answer"
    assert why(routed, "2026-11-06T00:00", 1, "svd").startswith("nobody knows: params.yaml of ")
