"""`make faults`: break the collector in every way we know, on a real broker, and count.

python -m tests.faults [--quick] [--only NAME …] [--json FILE] [--without GUARD,…] [--store s3]
python -m tests.faults --guards     # each guard taken away: its fault must cost lines then
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from movierec.errors import CorruptFile
from tests.brokers.kafka import running
from tests.brokers.s3 import serving, variables
from tests.faults import (
    brokers,
    clocks,
    damage,
    disks,
    giants,
    group,
    killing,
    objects,
    poison,
    topics,
)
from tests.faults.bed import Bed, Fault
from tests.faults.guards import GUARDS
from tests.faults.outcome import Outcome, header, row

FAULTS: dict[str, Fault] = {
    "kill-syscalls": killing.at_syscalls,
    "kill-moments": killing.at_random,
    "power-cut": disks.power_cut,
    "disk-full": disks.full,
    "disk-errors": disks.fsync_fails,
    "sleeper": group.sleeper,
    "coming-and-going": group.coming_and_going,
    "offsets-gone": group.offsets_gone,
    "broker-killed": brokers.killed,
    "broker-paused": brokers.paused,
    "retention": brokers.retention,
    "topic-anew": topics.made_anew,
    "topic-anew-accepted": topics.made_anew_and_accepted,
    "topic-deleted": topics.deleted,
    "partitions-added": topics.grown,
    "store-emptied": topics.store_emptied,
    "poison": poison.lines,
    "clocks": clocks.wrong,
    "byte-flipped": damage.byte_flipped,
    "day-folder-there": damage.day_folder_there,
    "bombs": giants.bombs,
    "flood": giants.flooded,
}
ON_DISK = {
    *("kill-syscalls", "power-cut", "disk-full", "disk-errors", "store-emptied"),
    *("byte-flipped", "day-folder-there", "bombs", "flood"),
}
"""They break a disk and what lies on it, or nothing that knows of a store."""
ON_S3: dict[str, Fault] = {
    "s3-kill-requests": objects.killed_at_requests,
    "s3-moody": objects.moody,
    "s3-server-killed": objects.server_killed,
    **{name: fault for name, fault in FAULTS.items() if name not in ON_DISK},
}


def main(arguments: list[str]) -> int:
    """Run the faults; status 1 when one of them cost a line."""
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few tries of each")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these (all)")
    where = "where the stores are: an S3 server has faults of its own"
    parser.add_argument("--store", choices=("disk", "s3"), default="disk", help=where)
    parser.add_argument("--without", type=lambda text: text.split(","), default=[])
    parser.add_argument("--guards", action="store_true", help="take each guard away, quickly")
    parser.add_argument("--json", type=Path, help="write the outcomes there")
    options = parser.parse_args(arguments)
    faults = ON_S3 if options.store == "s3" else FAULTS
    if unknown := sorted(set(options.only or []) - set(faults)):
        parser.error(f"no fault of this store: {', '.join(unknown)}; there are {', '.join(faults)}")
    print(header(), flush=True)
    outcomes = []
    with (
        tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "broker") as broker,
        contextlib.ExitStack() as stack,
    ):
        bed = Bed(broker, Path(folder), options.quick, options.without)
        if options.store == "s3":
            bed.server = stack.enter_context(serving(Path(folder) / "s3"))
            os.environ.update(variables(bed.server.endpoint))
        bed.warm_up()
        if options.guards:
            return take_away(Bed(broker, Path(folder), quick=True))
        for name in options.only or faults:
            started = time.monotonic()
            outcomes.append(faults[name](bed))
            outcomes[-1].note(f"the whole of it took {time.monotonic() - started:.0f} s")
            show(outcomes[-1])
    if options.json:
        options.json.write_text(json.dumps([o.as_dict() for o in outcomes], indent=2) + "\n")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def take_away(bed: Bed) -> int:
    """Run each fault without its guard; status 1 when one of them cost nothing."""
    harmless = []
    for guard, (_, fault) in GUARDS.items():
        bed.without = [guard]
        try:
            outcome = FAULTS[fault](bed)
            harmless += [guard] if outcome.is_good else []
        except CorruptFile as error:  # the store cannot even be read
            outcome = Outcome("", notes=[f"the store is unreadable: {error}"])
        outcome.fault = f"{fault} without {guard}"
        show(outcome)
    if harmless:
        print(f"cost nothing: {', '.join(harmless)}", file=sys.stderr)
    return 1 if harmless else 0


def show(outcome: Outcome) -> None:
    """The row on stdout, the notes on stderr."""
    print(row(outcome), flush=True)
    for note in outcome.notes:
        print(f"    {note}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
