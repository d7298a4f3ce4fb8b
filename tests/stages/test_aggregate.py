"""The stage that reduces one closed day."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from movierec.dataset.aggregates import load_aggregate
from movierec.errors import BadInput
from tests.infra.ci.processes import lives
from tests.inputs.days import close_days
from tests.inputs.java import QUICK
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
