"""A whole site's night: `dvc repro` with one new day of 85 million lines, stage by stage.

    python -m tests.bench.bench_night [--shares 0.1 1] [--days 30] [--jobs 2]
                                      [--folder .cache/bench-night]

Makes the days once and keeps them. With `--shares 0.1 1` the night runs at a tenth and in full:
users, lines and ratings by that share, movies and days the same, so that growth shows. Stages run
as Jenkins runs them, by the same calls; kernels were compiled before. `DVC` is what is no stage:
hashing, the cache, dvc.lock. Its seconds of wall are those when no stage runs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from dvc.repo import Repo, lock_repo

from infra.processes import die_with_parent
from movierec.cli import real, run, whole
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.times import day_name, day_number
from tests.bench.night_data import make_aggregate, make_day
from tests.bench.night_table import Night, growth, limits, table

ROOT = Path(__file__).resolve().parents[2]
LINES, USERS, MOVIES = 85_400_000, 1_000_000, 27_000
WARM = 0.001
"""The share of a night that runs first, and compiles."""
FIRST = day_number("2026-11-01")
KEPT = (
    *("stages", "dvc.yaml", "params.yaml", ".gitignore", ".dvcignore"),
    *("data/incumbent.json", "data/online/window.yaml"),
)
MADE = ("data/dataset", "models", "plots", "metrics", "reports")
CALLS = (("preprocess", "drift"), ("train", "baselines"), ("gate",), ("drift", "gate"))
"""Of infra.ci.repro in a build, one after another."""
BEAT = 0.1


def main(arguments: list[str]) -> int:
    """Print a table for each share."""
    parser = argparse.ArgumentParser(prog="bench_night", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shares", nargs="+", type=real, default=[0.1, 1.0])
    parser.add_argument("--days", type=whole, default=30, help="of the window, the new one too")
    parser.add_argument("--jobs", type=whole, default=0, help="stages at once; 0: one a core")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache/bench-night")
    options = parser.parse_args(arguments)
    days = [day_name(FIRST + n) for n in range(options.days)]
    nights = []
    for share in [WARM, *options.shares]:
        kept = make(options.folder, share, days)
        nights.append(night(kept, options.folder.resolve() / "project", days, options.jobs))
        if len(nights) > 1:
            say(nights[-1])
    if len(nights) > 2:
        print(f"\n{growth(nights[1], nights[-1])}")
    return 0


def say(measured: Night) -> None:
    rate = measured.lines / measured.wall
    told = f"{measured.wall:.0f} s, {rate:,.0f} lines/s\n\n{table(measured)}\n\n{limits(measured)}"
    print(f"\n{measured.lines:,} lines, window of {measured.days} days: {told}", flush=True)


def make(folder: Path, share: float, days: list[str]) -> Path:
    """Have the data: aggregates of all days but the last, which is closed and new; where."""
    lines, users = round(LINES * share), round(USERS * share)
    kept = folder / f"{lines}-{len(days)}"
    for day in days[:-1]:
        if not (kept / "aggregates" / day).exists():
            make_aggregate(kept / "aggregates" / day, day_number(day), lines, users, MOVIES)
    if not (kept / "movielog/days" / days[-1] / "manifest.json").exists():
        make_day(kept, day_number(days[-1]), lines, users, MOVIES)
    return kept.resolve()


def night(kept: Path, project: Path, days: list[str], jobs: int) -> Night:
    """Run it, in a project whose other days were aggregated before."""
    manifest = json.loads((kept / "movielog/days" / days[-1] / "manifest.json").read_text())
    prepare(kept, project, days)
    measured = project / f".bench/{uuid.uuid4()}.jsonl"  # no run that was killed writes there
    started, before = time.monotonic(), os.times()
    with watched() as most:
        for stages in CALLS:
            repro(project, measured, jobs, *stages)
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user
    made = [project / name for name in MADE] + [project / "data/aggregates" / days[-1]]
    return Night(
        manifest["totals"]["stored"],
        len(days),
        [json.loads(line) for line in measured.read_text().splitlines()],
        cpu - before.children_system,
        wall,
        most[0],
        sum(p.stat().st_size for folder in made for p in folder.rglob("*") if p.is_file()) / 1e6,
    )


def repro(project: Path, measured: Path, jobs: int, *stages: str) -> None:
    """Run stages as infra/ci/repro.sh does. Whatever ends this ends them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.ci.repro", "--jobs", str(jobs), *stages],
        cwd=project,
        env=os.environ
        | {
            "PATH": f"{measured.parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{project / 'stages'}:{ROOT}",
            "NUMBA_CACHE_DIR": str(project.with_name("numba")),
            "MEASURED": str(measured),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent,
    )
    try:
        output, _ = process.communicate()
    finally:
        process.terminate()
        process.wait()
    if process.returncode:
        sys.exit(f"{output}\nbench_night: {' '.join(stages)}: status {process.returncode}")


@contextmanager
def watched() -> Iterator[list[float]]:
    """The largest sum of what this process' children and theirs hold at once, in MB, in a list."""
    most, ended, me = [0.0], threading.Event(), psutil.Process()

    def watch() -> None:
        while not ended.wait(BEAT):
            held = 0
            for child in me.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    held += child.memory_info().rss
            most[0] = max(most[0], held / 2**20)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()


def prepare(kept: Path, project: Path, days: list[str]) -> None:
    """A project in which DVC has all but the last day's aggregate. The other days' lines were never
    made: a file stands for them."""
    shutil.rmtree(project, ignore_errors=True)
    for name in KEPT:
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    raw = project / "data/movielog/days"
    for day in days[:-1]:
        (raw / day).mkdir(parents=True)
        (raw / day / "manifest.json").write_text("{}")
    (raw / days[-1]).symlink_to(kept / "movielog/days" / days[-1])
    shutil.copytree(kept / "aggregates", project / "data/aggregates")
    write_window(project / "data/window.yaml", WindowFile(days, day_name(FIRST + len(days))))
    shim = project / ".bench/python"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/bench/measuring.py "$@"\n')
    shim.chmod(0o755)
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=project, check=True)
    record(project, [f"aggregate@{day}" for day in days[:-1]])


def record(project: Path, done: Sequence[str]) -> None:
    """What `dvc commit` of these stages does, in one go: it writes all of dvc.lock for each. Links
    instead of copies: three hundred days are 10 GB."""
    with (
        Repo(str(project), config={"cache": {"type": ["hardlink", "copy"]}}) as repo,
        lock_repo(repo),
    ):
        stages = [stage for stage in repo.index.stages if stage.name in done]
        for stage in stages:
            stage.save(run_cache=False)
            stage.commit()
        stages[0].dvcfile.dump_stages(stages, update_pipeline=False)


if __name__ == "__main__":
    run(main)
