"""A whole site's night: `dvc repro` with one new day of 85 million lines, stage by stage.

    python -m tests.bench.bench_night [--shares 0.1 1] [--days 30] [--folder .cache/bench-night]

Makes the days once and keeps them. With `--shares 0.1 1` the night runs at a tenth and in full:
users, lines and ratings by that share, movies and days the same, so that growth shows. Prints what
each stage took; `other` is DVC itself, with its hashing and its cache.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from movierec.cli import real, run, whole
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.times import day_name, day_number
from tests.bench.night_data import make_aggregate, make_day

ROOT = Path(__file__).resolve().parents[2]
LINES, USERS, MOVIES = 85_400_000, 1_000_000, 27_000
FIRST = day_number("2026-11-01")
KEPT = (
    "stages",
    "dvc.yaml",
    "params.yaml",
    "data/incumbent.json",
    "data/online/window.yaml",
    ".gitignore",
)
TOOK = ("cpu_s", "wall_s", "peak_mb", "read_mb", "written_mb")
HEAD = ("stage", "CPU s", "wall s", "peak MB", "read MB", "written MB")


def main(arguments: list[str]) -> int:
    """Print a table for each share."""
    parser = argparse.ArgumentParser(prog="bench_night", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shares", nargs="+", type=real, default=[0.1, 1.0])
    parser.add_argument("--days", type=whole, default=30, help="of the window, the new one too")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache/bench-night")
    options = parser.parse_args(arguments)
    for share in options.shares:
        lines, users = round(LINES * share), round(USERS * share)
        kept = options.folder / f"{lines}-{options.days}"
        days = [day_name(FIRST + n) for n in range(options.days)]
        make(kept, lines, users, days)
        night(kept, options.folder / "project", days)
    return 0


def make(kept: Path, lines: int, users: int, days: list[str]) -> None:
    """Have the data: aggregates of all days but the last, which is closed and new."""
    for day in days[:-1]:
        if not (kept / "aggregates" / day).exists():
            make_aggregate(kept / "aggregates" / day, day_number(day), lines, users, MOVIES)
    if not (kept / "movielog/days" / days[-1] / "manifest.json").exists():
        make_day(kept, day_number(days[-1]), lines, users, MOVIES)


def night(kept: Path, project: Path, days: list[str]) -> None:
    """Run and print it, in a project whose other days were aggregated before."""
    manifest = json.loads((kept / "movielog/days" / days[-1] / "manifest.json").read_text())
    prepare(kept, project, days)
    shim = project / ".bench"
    shim.mkdir()
    (shim / "python").write_text(
        f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/bench/measuring.py "$@"\n'
    )
    (shim / "python").chmod(0o755)
    measured = shim / "measured.jsonl"
    environment = os.environ | {
        "PATH": f"{shim}:{os.environ['PATH']}",
        "PYTHONPATH": str(project / "stages"),
        "MEASURED": str(measured),
    }
    started, before = time.monotonic(), os.times()
    subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "--quiet", "gate"],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user
    cpu -= before.children_system
    stages = [json.loads(line) for line in measured.read_text().splitlines()]
    stored = manifest["totals"]["stored"]
    print(f"\n{stored:,} lines, window of {len(days)} days: {wall:.0f} s\n")
    print(table(stages, cpu, wall))


def prepare(kept: Path, project: Path, days: list[str]) -> None:
    """A project in which `dvc repro` has all but the last day's aggregate."""
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    for name in KEPT:
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, target)
    (project / "data/movielog/days").mkdir(parents=True)
    (project / "data/movielog/days" / days[-1]).symlink_to(kept / "movielog/days" / days[-1])
    shutil.copytree(kept / "aggregates", project / "data/aggregates")
    write_window(project / "data/window.yaml", WindowFile(days, day_name(FIRST + len(days))))
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=project, check=True)
    # The other days are aggregated, their raw days never made: they leave the pipeline.
    pipeline = project / "dvc.yaml"
    one = f'foreach: ["{days[-1]}"]'
    pipeline.write_text(pipeline.read_text().replace("foreach: ${days}", one, 1))


def table(stages: list[dict[str, Any]], cpu: float, wall: float) -> str:
    """The stages' figures, what is left for DVC, and the sum."""
    rows = [[name_of(stage["argv"]), *(stage[key] for key in TOOK)] for stage in stages]
    rows.append(["other", cpu - sum(row[1] for row in rows), wall - sum(row[2] for row in rows)])
    rows[-1] += [0.0, 0.0, 0.0]
    sums = [sum(row[n] for row in rows) for n in range(1, len(HEAD))]
    sums[TOOK.index("peak_mb")] = max(row[3] for row in rows)
    rows.append(["all", *sums])
    cells = [[row[0], *(f"{v:,.0f}" if v >= 100 else f"{v:.1f}" for v in row[1:])] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEAD, ("---",) * len(HEAD), *cells])


def name_of(argv: list[str]) -> str:
    """Of a stage, and of the model that it is about."""
    name = Path(argv[0]).stem
    if "--model" in argv:
        name += f" {Path(argv[argv.index('--model') + 1]).name}"
    return name


if __name__ == "__main__":
    run(main)
