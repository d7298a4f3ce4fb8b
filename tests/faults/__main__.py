"""`make faults`: break the collector in every way we know, on a real broker, and count.

python -m tests.faults [--quick] [--only NAME …] [--json FILE] [--without GUARD,…]
python -m tests.faults --guards     # each guard taken away: its fault must cost lines then
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from movierec.errors import CorruptFile
from tests.brokers.kafka import running
from tests.faults import brokers, clocks, damage, disks, giants, group, killing, poison, topics
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


def main(arguments: list[str]) -> int:
    """Run the faults; status 1 when one of them cost a line."""
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few tries of each")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS), metavar="NAME")
    parser.add_argument("--without", type=lambda text: text.split(","), default=[])
    parser.add_argument("--guards", action="store_true", help="take each guard away, quickly")
    parser.add_argument("--json", type=Path, help="write the outcomes there")
    options = parser.parse_args(arguments)
    print(header(), flush=True)
    outcomes = []
    with (
        tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "broker") as broker,
    ):
        bed = Bed(broker, Path(folder), options.quick, options.without)
        bed.warm_up()
        if options.guards:
            return take_away(Bed(broker, Path(folder), quick=True))
        for name in options.only:
            started = time.monotonic()
            outcomes.append(FAULTS[name](bed))
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
