"""A raw day goes only when it is old, judged and unused; and it goes whole."""

import itertools
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from infra.release import expire
from movierec.dataset.onlinefile import OnlineDay, write_online
from movierec.errors import BadInput, CorruptFile
from movierec.hashing import sha256_of
from movierec.sealed import seal
from movierec.store.days import DAY_FORMAT, closed_days, file_entry, read_manifest

ROOT = Path(__file__).parents[3]
OLD, USED, NEW = "2026-01-05", "2026-01-06", "2026-02-01"
TODAY = "2026-02-10"


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def make_day(root, topic, day):
    folder = root / "data" / topic / "days" / day
    folder.mkdir(parents=True)
    (folder / "lines.parquet").write_bytes(b"lines")
    (folder / "rejected.jsonl").write_bytes(b"rejected")
    files = {"lines.parquet": {}, "rejected.jsonl": {}}
    totals = {"stored": 7, "rejected": 2}
    manifest = {"format": DAY_FORMAT, "day": day, "topic": topic, "files": files, "totals": totals}
    manifest |= {"partitions": {"0": {"first": 3, "last": 11}}, "gaps": []}
    (folder / "manifest.json").write_bytes(seal(manifest))
    return folder


def make_window(root, *days):
    (root / "data/window.yaml").write_text(json.dumps({"days": days, "written": TODAY}))


def make_online(root, *days):
    write_online(root / "data/online/window.yaml", days)


def make_report(root, day, **changes):
    report = root / "metrics/online" / f"{day}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"days": [day], "open": False, **changes}))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with three closed days; OLD may go, USED is in the window, NEW is young."""
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/data/*\n!/data/window.yaml\n!/data/online\n")
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    for day in (OLD, USED, NEW):
        make_day(tmp_path, "movielog", day)
        make_report(tmp_path, day)
    make_day(tmp_path, "served", OLD)
    make_window(tmp_path, USED)
    make_online(tmp_path)
    commit(tmp_path)
    return tmp_path


def run(*arguments):
    return expire.main(["--today", TODAY, *arguments])


def days(root):
    return closed_days(root / "data", "movielog")


def entries(root):
    return [
        json.loads(path.read_text()) for path in sorted((root / "data/expired").glob("*/[!.]*"))
    ]


def test_a_dry_run_is_the_default_and_deletes_nothing(root, capsys):
    assert run() == 0
    output = capsys.readouterr()
    assert f"would delete  movielog/{OLD}" in output.out and "--apply" in output.err
    assert days(root) == [OLD, USED, NEW] and not (root / "data/expired").exists()


def test_apply_deletes_in_every_topic_and_writes_what_it_deleted(root):
    folders = [root / "data" / topic / "days" / OLD for topic in ("movielog", "served")]
    sums = [sha256_of(folder / "manifest.json") for folder in folders]
    size = sum(path.stat().st_size for path in folders[0].iterdir())
    assert run("--apply") == 0
    assert days(root) == [USED, NEW] and closed_days(root / "data", "served") == []
    assert [entry["manifest_sha256"] for entry in entries(root)] == sums
    first = entries(root)[0]
    assert (first["topic"], first["day"], first["bytes"]) == ("movielog", OLD, size)
    assert (first["lines"], first["expired"]) == (9, TODAY)
    assert (first["partitions"], first["gaps"]) == ({"0": {"first": 3, "last": 11}}, [])
    assert run("--apply") == 0 and len(entries(root)) == 2


def uncommitted_report(root):
    git(root, "rm", "--quiet", "--cached", f"metrics/online/{OLD}.json")
    git(root, "commit", "--quiet", "--message", "x")


def report_of_an_open_day(root):
    make_report(root, OLD, open=True)
    commit(root)


def report_of_another_day(root):
    make_report(root, OLD, days=[NEW])
    commit(root)


def unpushed_report(root):
    git(root, "init", "--quiet", "--bare", "origin.git")
    git(root, "remote", "add", "origin", "origin.git")
    make_report(root, OLD, again=True)
    git(root, "push", "--quiet", "origin", "HEAD:refs/heads/master")
    git(root, "commit", "--quiet", "--message", "x", "--", f"metrics/online/{OLD}.json")


def window_here(root):
    make_window(root, OLD, USED)


def window_in_head(root):
    make_window(root, OLD)
    commit(root)
    make_window(root, USED)


def the_day_after_is_not_judged(root):
    make_day(root, "served", USED)
    git(root, "rm", "--quiet", "--cached", f"metrics/online/{USED}.json")
    git(root, "commit", "--quiet", "--message", "x")


JUDGED = OnlineDay(USED, {"movielog": OLD, "served": USED})


def online_window_here(root):
    make_online(root, JUDGED)


def online_window_in_head(root):
    make_online(root, JUDGED)
    commit(root)
    make_online(root)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (the_day_after_is_not_judged, f"{USED} reads it, and its online .* is not committed"),
        (online_window_here, f"the online window of .*window.yaml reads it to judge {USED}"),
        (online_window_in_head, f"the online window of HEAD reads it to judge {USED}"),
        (uncommitted_report, "is not committed"),
        (unpushed_report, "is not pushed"),
        (report_of_an_open_day, "no evaluation of the closed day"),
        (report_of_another_day, "no evaluation of the closed day"),
        (window_here, "the training window of data/window.yaml uses it"),
        (window_in_head, "the training window of HEAD uses it"),
    ],
)
def test_a_needed_day_stays_and_the_reason_is_told(root, capsys, change, reason):
    change(root)
    assert run("--apply") == 0
    assert OLD in days(root) and not (root / "data/expired").exists()
    assert re.search(reason, capsys.readouterr().out)
    with pytest.raises(BadInput, match=f"{OLD} stays: .*{reason}"):
        run("--apply", "--days", OLD)


def test_a_day_whose_evaluation_a_remote_has_goes(root):
    unpushed_report(root)
    git(root, "push", "--quiet", "origin", "HEAD:refs/heads/master")
    assert run("--apply") == 0
    assert OLD not in days(root)


def test_a_young_day_is_refused_by_name(root):
    with pytest.raises(BadInput, match=f"{NEW} stays: it is 9 days old, expire.keep_days is 30"):
        run("--days", OLD, NEW, "--apply")
    assert days(root) == [OLD, USED, NEW]


def test_a_day_that_is_not_there_is_refused_by_name(root):
    with pytest.raises(BadInput, match="2025-12-31 not closed or already expired"):
        run("--days", "2025-12-31")


def test_an_unreadable_window_or_manifest_stops_everything(root):
    (root / "data/window.yaml").write_text("days")
    with pytest.raises(BadInput, match=r"window\.yaml: expected a mapping"):
        run("--apply")
    make_window(root, USED)
    (root / f"data/served/days/{OLD}/manifest.json").write_text("{")
    with pytest.raises(CorruptFile):
        run("--apply")
    assert days(root) == [OLD, USED, NEW]


def test_outside_git_nothing_goes(root):
    (root / ".git").rename(root / "not-git")
    with pytest.raises(BadInput, match="no git commit"):
        run("--apply")


class Crash(BaseException):
    """The process ends here."""


def crash_at(monkeypatch, number):
    """End at the `number`th call that changes the disk."""
    calls = itertools.count(1)
    for name in ("rename", "unlink", "rmdir", "fsync"):
        original = getattr(os, name)

        def call(*arguments, original=original, **more):
            if next(calls) == number:
                raise Crash
            return original(*arguments, **more)

        monkeypatch.setattr(os, name, call)


def test_a_crash_anywhere_leaves_the_day_or_none_and_the_next_run_finishes(
    root, tmp_path_factory, monkeypatch
):
    for number in range(1, 100):
        store = tmp_path_factory.mktemp("crash") / "data"
        for topic in ("movielog", "served"):
            make_day(store.parent, topic, OLD)
        with monkeypatch.context() as patch:
            crash_at(patch, number)
            try:
                run("--apply", "--store", str(store))
                break
            except Crash:
                pass
        for topic in ("movielog", "served"):
            for day in closed_days(store, topic):  # whole, when it is there
                read_manifest(store, topic, day)
                assert len(list((store / topic / "days" / day).iterdir())) == 3
        run("--apply", "--store", str(store))
        assert len(entries(store.parent)) == 2, f"crash {number}"
        assert not list(store.glob("*/days/*")), f"crash {number}"
    assert number > 10


def test_what_was_written_down_and_does_not_verify_deletes_nothing(root):
    """Another day's record, where the closer has yet to put the manifest."""
    run("--apply")
    record = root / f"data/expired/movielog/{OLD}.json"
    making = root / "data/movielog/days/2026-02-09"
    making.mkdir()
    (making / "lines.parquet").write_bytes(b"lines")
    copy = record.with_name("2026-02-09.json")
    copy.write_bytes(record.read_bytes())
    put_back = make_day(root, "movielog", OLD)
    for content in (record.read_bytes(), b"", b"[" * 9999, b"\xff"):
        copy.write_bytes(content)
        with pytest.raises(CorruptFile, match=r"2026-02-09\.json: not the record of a deleted"):
            run("--apply")
        assert (making / "lines.parquet").exists() and (put_back / "manifest.json").exists()
    copy.unlink()
    run("--apply")
    assert not put_back.exists() and making.exists()


def test_the_record_of_another_day_of_that_name_is_kept_and_so_is_the_day(root):
    run("--apply")
    folder = make_day(root, "movielog", OLD)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["sha256"]
    (folder / "manifest.json").write_bytes(
        seal(manifest | {"totals": manifest["totals"] | {"stored": 8}})
    )
    before = entries(root)
    with pytest.raises(CorruptFile, match=r"another manifest .* move this record away"):
        run("--apply")
    assert entries(root) == before and (folder / "manifest.json").exists()


def test_a_folder_goes_with_what_a_closer_left_that_died(root):
    left = root / "data/movielog/days" / OLD / ".lines.parquet.0123.tmp"
    left.write_bytes(b"half")
    run("--apply")
    assert not left.parent.exists()


@pytest.mark.parametrize("name", ["rejected.jsonl", "manifest.json"])
def test_a_file_that_goes_meanwhile_is_one_line(root, monkeypatch, name):
    """Somebody expires or restores the same day."""
    path = root / "data/movielog/days" / OLD / name

    def going(storage, asked):
        path.unlink(missing_ok=True)
        return file_entry(storage, asked)

    monkeypatch.setattr(expire, "file_entry", going)
    with pytest.raises(BadInput, match=rf"{OLD}: .*{name}.*nobody is at work .*start again"):
        run("--apply")
    assert (root / "data/served/days" / OLD / "lines.parquet").exists()
