"""`make faults-release`: break a release in every way we know, run it again, and count.

python -m tests.faults.release [--quick] [--only NAME …] [--json FILE]
python -m tests.faults.release --guards   # each guard taken away: a promise must break then
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from movierec.errors import Unavailable
from tests.faults.release import (
    building,
    clocks,
    damage,
    deploying,
    disks,
    evaluating,
    images,
    killing,
    origins,
    others,
    production,
    remotes,
)
from tests.faults.release.bed import Bed, Fault
from tests.faults.release.guards import GUARDS
from tests.faults.release.outcome import Outcome, header, row

FAULTS: dict[str, Fault] = {
    "kill-calls": killing.at_calls,
    "kill-syscalls": killing.at_syscalls,
    "kill-group": killing.group_at_moments,
    "kill-push": killing.in_push,
    "cache": damage.in_cache,
    "remote": damage.on_remote,
    "served": damage.served,
    "two-here": others.at_once_here,
    "two-clones": others.at_once_elsewhere,
    "origin": origins.faulty,
    "remote-full": disks.remote_full,
    "disk-full": disks.own_full,
    "clock": clocks.wrong,
    "clock-between": clocks.between,
    "clock-s3": clocks.by_s3,
    "s3-cut": remotes.cut,
    "s3-silent": remotes.silent,
    "s3-slow": remotes.slow,
    "s3-killed": remotes.killed,
    "promote": production.promote,
    "rollback": production.rollback,
    "act": production.act,
    "online": evaluating.killed,
    "promote-at-once": production.at_once,
    "deploy": deploying.killed,
    "images": images.in_push,
    "image-build": building.in_build,
    "image-calls": building.at_calls,
}


def main(arguments: list[str]) -> int:
    """Run the faults; status 1 when a promise broke in one of them."""
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few tries of each")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS), metavar="NAME")
    parser.add_argument("--guards", action="store_true", help="take each guard away, quickly")
    parser.add_argument("--json", type=Path, help="write the outcomes there")
    options = parser.parse_args(arguments)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        bed = Bed(Path(folder), options.quick or options.guards)
        print(header(), flush=True)
        if options.guards:
            return take_away(bed)
        for name in options.only:
            started = time.monotonic()
            try:
                outcomes.append(FAULTS[name](bed))
            except Unavailable as error:
                print(f"{name}: left out: {error}", flush=True)
                continue
            outcomes[-1].note(f"the whole of it took {time.monotonic() - started:.0f} s")
            show(outcomes[-1])
    if options.json:
        options.json.write_text(json.dumps([o.as_dict() for o in outcomes], indent=2) + "\n")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def take_away(bed: Bed) -> int:
    """Run each fault without its guard; status 1 when one of them broke no promise."""
    harmless = []
    for name, (without, fault) in GUARDS.items():
        bed.without = without
        outcome = FAULTS[fault](bed)
        outcome.fault = f"{fault} without {name}"
        harmless += [name] if outcome.is_good else []
        show(outcome)
    if harmless:
        print(f"broke nothing: {', '.join(harmless)}", file=sys.stderr)
    return 1 if harmless else 0


def show(outcome: Outcome) -> None:
    """The row on stdout, the notes on stderr."""
    print(row(outcome), flush=True)
    for note in outcome.notes:
        print(f"    {note}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
