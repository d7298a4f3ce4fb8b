"""Run stages of dvc.yaml side by side, those before them too, as far as something of them changed.

    python -m infra.ci.repro [--jobs N] [STAGE …]        # all without names

What it leaves, dvc.lock included, is what `dvc repro STAGE …` leaves, byte for byte. A stage that
fails ends it with DVC's status for it: those that run end by themselves, no other is begun. One
that was killed is taken up by the next run.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from infra.ci.repro.beside import run_beside
from infra.ci.repro.plan import Plan, plan
from infra.ci.repro.written import TEMPORARY, begin, only_one, settle
from infra.release.leftovers import mend_rwlock
from movierec.cli import run, whole

TERMINATED = 128 + signal.SIGTERM


def main(arguments: list[str]) -> int:
    """Run what is due; the status of what failed, or 0."""
    parser = argparse.ArgumentParser(prog="repro", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="of dvc.yaml; its groups too")
    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--jobs", type=whole, default=0, help="how many at once; 0: one a core; 1: `dvc repro`"
    )
    options = parser.parse_args(arguments)
    if options.jobs < 0:
        parser.error(f"--jobs: {options.jobs} is less than none")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with only_one(TEMPORARY):
        begin(Path("dvc.lock"), TEMPORARY)
        mend_rwlock(TEMPORARY)
        if options.jobs == 1:
            status = subprocess.call([sys.executable, "-m", "dvc", "repro", *options.stages])
            order = list[str]()
        else:
            planned = plan(options.stages)
            status = side_by_side(planned, options.jobs or cores)
            order = planned.order
        settle(Path("dvc.lock"), TEMPORARY, order)
    return status


def side_by_side(planned: Plan, at_once: int) -> int:
    """Run what is due of a plan, and say what is not; the status."""
    for name in planned.order:
        if name not in planned.due:
            print(f"Stage '{name}' didn't change, skipping", flush=True)
    failed = run_beside(planned.due, at_once)
    if failed.status:
        left = f"; not begun: {', '.join(failed.not_begun)}" if failed.not_begun else ""
        print(f"error: {failed.stage} failed, as it says above{left}", file=sys.stderr)
    return failed.status


if __name__ == "__main__":
    run(main)
