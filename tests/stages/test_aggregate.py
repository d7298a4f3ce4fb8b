"""The stage that reduces one closed day."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest
import yaml

from movierec.dataset.aggregates import load_aggregate
from movierec.errors import BadInput, CorruptFile, Unavailable, UserError
from movierec.store import days
from movierec.store.days import LINES, MANIFEST, REJECTED_LINES
from movierec.store.s3calls import shared
from movierec.store.storage import at
from movierec.url import Url, root_of
from tests.brokers.s3 import BUCKET, SECRET, Server, serving, variables
from tests.infra.ci.processes import lives
from tests.infra.release.s3 import certify
from tests.inputs.days import close_days
from tests.inputs.java import QUICK
from tests.movierec.store.objects import writes
from tests.stages.test_validate import ROOT, stage


def test_a_closed_day_becomes_pairs_with_the_counts_of_its_manifest(tmp_path: Path) -> None:
    (day,) = close_days(tmp_path, "2026-11-01", 1, lines_per_day=4000)
    folder = tmp_path / "movielog/days" / day
    command = ["--day", str(folder), "--output", str(tmp_path / "aggregates" / day)]
    assert stage("aggregate").main(command) == 0
    aggregate, counts = load_aggregate(tmp_path / "aggregates" / day)
    totals = json.loads((folder / "manifest.json").read_text())["totals"]
    assert counts["reasons"] == totals["reasons"] and counts["rejected"] == totals["rejected"]
    assert counts["rejected_ratings"] == totals["rejected_ratings"]
    assert counts["stored"] == totals["stored"] and counts["watch"] == totals["watch"]
    assert len(aggregate.user) > 0


def test_any_number_of_threads_writes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "ROWS", 100)  # a day of many batches
    (day,) = close_days(tmp_path, "2026-11-01", 1, lines_per_day=4000)
    written = []
    for threads in ("1", "2", "7"):
        output = tmp_path / threads / day
        command = ["--day", str(tmp_path / "movielog/days" / day), "--output", str(output)]
        assert stage("aggregate").main([*command, "--threads", threads]) == 0
        written.append(files_of(output))
    assert written[0] == written[1] == written[2]


def test_fewer_threads_than_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        stage("aggregate").main(["--day", "none", "--output", "none", "--threads", "-1"])
    assert "--threads: -1 is less than none" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["copy-of-day", "20261101"])
def test_a_folder_that_is_named_like_no_day_is_refused(tmp_path: Path, name: str) -> None:
    command = ["--day", str(tmp_path / name), "--output", str(tmp_path / "out")]
    with pytest.raises(BadInput, match=f"{name}: a closed day's folder is named YYYY-MM-DD"):
        stage("aggregate").main(command)


def by(engine: str, buckets: int, root: Path, day: str) -> list[str]:
    """Options to aggregate a day so, with params.yaml's other values."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["aggregate"] = {"engine": engine, "buckets": buckets}
    (root / f"{engine}.yaml").write_text(yaml.safe_dump(params))
    options = ["--day", str(root / "movielog/days" / day), "--params", str(root / f"{engine}.yaml")]
    return [*options, "--output", str(root / engine / day)]


def test_without_spark_its_engine_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "movierec.dataset.spark.engine", None)
    with pytest.raises(BadInput, match=r"needs what infra/spark/requirements.txt names"):
        stage("aggregate").main(by("spark", 1, tmp_path, "2026-11-01"))


def test_only_spark_is_submitted(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--submitted: but aggregate.engine is local"):
        stage("aggregate").main([*by("local", 1, tmp_path, "2026-11-01"), "--submitted"])


@pytest.fixture
def away(tmp_path: Path, s3_environment: None) -> Url:
    """A closed day on S3; it is below `tmp_path`, too."""
    (day,) = close_days(tmp_path, "2026-11-01", 1, lines_per_day=4000)
    folder = root_of(f"s3://{BUCKET}/{uuid.uuid4().hex}") / day
    for path in (tmp_path / "movielog/days" / day).iterdir():
        at(folder).put_new(path.name, writes(path.read_bytes()))
    assert isinstance(folder, Url)
    return folder


def from_s3(engine: str, away: Url, root: Path) -> list[str]:
    """Options to aggregate that day so, to another place."""
    options = by(engine, 1, root, away.name)
    options[1], options[-1] = str(away), str(root / "away" / away.name)
    return options


@pytest.mark.slow
def test_a_day_on_s3_has_the_same_bytes(tmp_path: Path, away: Url) -> None:
    for options in (by("local", 1, tmp_path, away.name), from_s3("local", away, tmp_path)):
        assert stage("aggregate").main(options) == 0
    assert files_of(tmp_path / "away") == files_of(tmp_path / "local")


DAMAGE = {
    LINES: f"{LINES}: SHA-256 differs from {MANIFEST}",
    REJECTED_LINES: f"{REJECTED_LINES}: SHA-256 differs from {MANIFEST}",
    MANIFEST: f"{MANIFEST}: not this day's manifest",
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "spark"])
@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_or_missing_object_is_named(
    tmp_path: Path, away: Url, engine: str, name: str
) -> None:
    storage, options = at(away), from_s3(engine, away, tmp_path)
    with storage.open(name) as file:
        content = bytearray(file.read())
    storage.remove(name)
    missing = "no closed day there" if name == MANIFEST else f"{name}: missing, but named in"
    with pytest.raises(UserError, match=f"^{away}.*{missing}"):
        stage("aggregate").main(options)
    content[len(content) // 2] ^= 1
    storage.put_new(name, writes(bytes(content)))
    with pytest.raises(CorruptFile, match=f"^{away}/{DAMAGE[name]}"):
        stage("aggregate").main(options)
    assert not (tmp_path / "away").exists()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "spark"])
def test_a_wrong_key_and_an_absent_bucket_are_told(
    tmp_path: Path, away: Url, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = from_s3(engine, away, tmp_path)
    nowhere = [str(away).replace(BUCKET, "absent", 1) if o == str(away) else o for o in options]
    with pytest.raises(Unavailable, match=r"NoSuchBucket for get_object of .*manifest\.json' in"):
        stage("aggregate").main(nowhere)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-4711")
    shared.cache_clear()
    with pytest.raises(Unavailable, match=r"403 SignatureDoesNotMatch .*manifest\.json'") as told:
        stage("aggregate").main(options)
    assert "4711" not in str(told.value)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_by_spark_a_day_on_s3_has_the_same_bytes_and_no_key_is_shown(
    tmp_path: Path, away: Url, s3_server: Server
) -> None:
    """Behind TLS, by a certificate of its own."""
    assert stage("aggregate").main(by("local", 1, tmp_path, away.name)) == 0
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certify(certificate, key)
    files = ("--cert", str(certificate), "--key", str(key))
    with serving(tmp_path / "tls", *files) as server:
        shutil.copytree(s3_server.folder / "objects", server.folder / "objects", dirs_exist_ok=True)
        where = f"https://127.0.0.1:{server.port}"
        trusted = variables(where) | {"AWS_CA_BUNDLE": str(certificate)}
        command = [sys.executable, str(ROOT / "stages/aggregate.py")]
        lines: set[str] = set()
        with (
            (tmp_path / "said").open("w") as said,
            subprocess.Popen(
                [*command, *from_s3("spark", away, tmp_path)],
                env={**os.environ, **QUICK, **trusted},
                stdout=said,
                stderr=said,
            ) as running,
        ):
            while running.poll() is None:
                lines |= commands_below(running.pid)
                time.sleep(0.1)
    told = (tmp_path / "said").read_text()
    assert running.returncode == 0, told
    assert any("java" in line for line in lines)
    assert not any(SECRET in text for text in [told, *lines])
    assert files_of(tmp_path / "away") == files_of(tmp_path / "local")


def commands_below(number: int) -> set[str]:
    """The command lines of a process and of all that it started."""
    found = set()
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(number)
        for process in [top, *top.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.add(" ".join(process.cmdline()))
    return found


KILLED = """
import os, signal, sys
from pathlib import Path
import aggregate
from movierec.dataset.spark import engine
def stay(batches):
    Path(marker).write_text(str(os.getpid()))
    signal.pause()
def by_tasks(pairs, rest, output):
    output.put(0, engine.finish(*engine.NOTHING))
    return pairs.mapInArrow(stay, pairs.schema).count()
_, marker, *options = sys.argv
engine._by_tasks = by_tasks
aggregate.main(options)
"""
"""The stage, whose tasks say their number and then stay at work."""


def kill_at_work(options: list[str], marker: Path) -> None:
    """Run the stage by Spark, kill it while tasks run, and wait until nothing of it does."""
    environment = {**os.environ, **QUICK, "PYTHONPATH": f"{ROOT / 'stages'}:{ROOT}"}
    command = [sys.executable, "-c", KILLED, str(marker), *options]
    with subprocess.Popen(command, env=environment) as stage:
        try:
            while not marker.exists() or not marker.read_text():
                assert stage.poll() is None, "it ended before a task began"
                time.sleep(0.05)
            below = [child.pid for child in psutil.Process(stage.pid).children(recursive=True)]
        finally:
            stage.kill()
    assert int(marker.read_text()) in below
    while any(lives(str(number)) for number in below):
        time.sleep(0.05)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_program_writes_the_same_by_spark_after_it_was_killed(tmp_path: Path) -> None:
    (day,) = close_days(tmp_path, "2026-11-01", 1, lines_per_day=4000)
    before = {"before": b"what another night wrote"}
    (tmp_path / "spark" / day).mkdir(parents=True)
    (tmp_path / "spark" / day / "before").write_bytes(before["before"])
    kill_at_work(by("spark", 8, tmp_path, day), tmp_path / "task")
    assert files_of(tmp_path / "spark" / day) == before
    said = []
    for engine in ("local", "spark"):
        command = [sys.executable, str(ROOT / "stages/aggregate.py"), *by(engine, 8, tmp_path, day)]
        said.append(
            subprocess.run(
                command, env={**os.environ, **QUICK}, check=True, capture_output=True, text=True
            ).stdout
        )
    assert said[0] == said[1]
    ours, theirs = (files_of(tmp_path / engine) for engine in ("local", "spark"))
    assert ours == theirs and len(ours) == 1 + 8 * 13
