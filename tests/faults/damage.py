"""What others do to the files of a store: a byte changes, a day's folder is there already.

python -m tests.faults.damage STORE TOPIC TRIES [GUARD]   # the readers of a damaged store
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from movierec.errors import UserError
from movierec.store.closing import Closer
from movierec.store.days import LINES, closed_days, day_folder
from movierec.store.segments import partitions_of
from movierec.store.tail import claim_partition
from tests.faults.bed import Bed, Case
from tests.faults.guards import GUARDS
from tests.faults.ledger import recorded_gaps, stored_lines
from tests.faults.outcome import Outcome

ROOT = Path(__file__).parents[2]
GRACE_SECONDS = 60.0


def byte_flipped(bed: Bed) -> Outcome:
    """Any byte of a live store: named by a reader, or all rows are as they were."""
    outcome = Outcome("a byte flipped anywhere in the store")
    case = bed.case(2)
    case.produce(case.logs(bed.pick(4000, 20_000)))
    outcome.took(case.catch_up(outcome))
    tries = bed.pick(300, 5000)
    words = [sys.executable, "-m", "tests.faults.damage", str(case.store), case.topic, str(tries)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "stages")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [*words, *bed.without], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        outcome.stuck += 1
        outcome.note(done.stderr[-400:])
        return outcome
    found = json.loads(done.stdout)
    outcome.tried, outcome.undetected = tries, found["changed"]
    outcome.stuck += found["tracebacks"]
    for note in found["notes"]:
        outcome.note(note)
    outcome.note(f"named {found['named']}, without effect {found['same']}")
    outcome.add(case.tally())
    return outcome


def flip(root: Path, topic: str, tries: int) -> dict[str, Any]:
    """Flip one byte after the other, each time in the next file, and read all."""
    chance, counts, notes = random.Random(1), Counter[str](), list[str]()
    before = everything(root, topic)
    places = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(tries):
        path = places[number % len(places)]
        content = path.read_bytes()
        at, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        if number // len(places) % 2:  # a digit that stays one: it still reads well
            at, bit = chance.choice([i for i, c in enumerate(content) if 48 <= c < 58]), 1
        path.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        try:
            what = "same" if everything(root, topic) == before else "changed"
        except UserError:
            what = "named"
        except Exception as error:
            what = "tracebacks"
            notes.append(f"{error!r}")
        counts[what] += 1
        if what in ("changed", "tracebacks"):
            notes.append(f"{what}: byte {at} of {path.relative_to(root)}")
        path.write_bytes(content)
    names = ("named", "same", "changed", "tracebacks")
    return {**{name: counts[name] for name in names}, "notes": notes[:9]}


def everything(root: Path, topic: str) -> list[Any]:
    """All that the readers of a store and its next owner take from it."""
    ends = {p: claim_partition(root, topic, p).end for p in partitions_of(root, topic)}
    closed = Closer(root, topic, evidence=1).close_due_days(ends, GRACE_SECONDS, time.time_ns())
    return [ends, closed, recorded_gaps(root, topic), list(stored_lines(root, topic))]


def day_folder_there(bed: Bed) -> Outcome:
    """A folder of a day's name before the day is closed: refused, and nothing is removed."""
    outcome = Outcome("a day folder is already there")
    kinds = (empty, other_lines, a_file, half_a_copy)
    for number, put in enumerate(kinds[: bed.pick(2, 4)]):
        case = bed.case(1, prefix=f"there-{number}")
        case.produce(case.logs(2000))
        model = case.folder / "model"
        case.catch_up(outcome, root=model, group=f"model-of-{case.topic}")
        [day, *_] = closed_days(model, case.topic)
        folder = day_folder(case.store, case.topic, day)
        folder.parent.mkdir(parents=True)
        put(folder, day_folder(model, case.topic, day))
        refused(case, outcome)
        if not bed.without:
            segments = list(case.store.glob(f"{case.topic}/segments/0/*.parquet"))
            outcome.lost += not segments
            folder.rename(case.folder / "away")
        outcome.took(case.catch_up(outcome))
        outcome.tried += 1
        outcome.add(case.tally())
    return outcome


def refused(case: Case, outcome: Outcome) -> None:
    """The collector says in one line what to do, and ends."""
    member = case.member("--until-caught-up")
    status, said = member.wait(60.0), member.tail()
    if (status, "move it away" in said, "Traceback" in said) != (2, True, False):
        outcome.undetected += 1
        outcome.note(f"status {status}: {said[-200:]}")


def empty(folder: Path, whole: Path) -> None:
    """As an unfinished copy begins."""
    folder.mkdir()


def a_file(folder: Path, whole: Path) -> None:
    """Of the folder's name."""
    folder.write_bytes(b"")


def half_a_copy(folder: Path, whole: Path) -> None:
    """Its lines alone, cut off."""
    folder.mkdir()
    (folder / LINES).write_bytes((whole / LINES).read_bytes()[:-100])


def other_lines(folder: Path, whole: Path) -> None:
    """As many as the day has, and others' lines."""
    folder.mkdir()
    rows = pq.read_table(whole / LINES)
    user = rows.schema.get_field_index("user")
    column = pc.add(rows.column("user"), 1).cast(rows.schema.field(user).type)
    pq.write_table(rows.set_column(user, "user", column), folder / LINES)


if __name__ == "__main__":
    store, topic, tries, *guards = sys.argv[1:]
    for guard in guards:
        GUARDS[guard][0]()
    copy = Path(store).with_name("flipped")
    shutil.copytree(store, copy)
    print(json.dumps(flip(copy, topic, int(tries))))
