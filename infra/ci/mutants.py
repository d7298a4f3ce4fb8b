"""Mutation testing by sample: how many small defects, put into a room, do its tests notice?

    python -m infra.ci.mutants [--per-file 2] [--seed 1] [--hops 1] [--jobs 2] [FILE …]

Each mutant runs the test files from which at most `--hops` imports lead to its file, nearest
first, until one fails. What survives is a lower bound: tests further away, slow ones and those
on the real broker have not seen it. Equivalent mutants stand in `equivalent_mutants.yaml` with
the reason why no test can tell; they do not count. The working tree is never touched.

Written here because the known tools do not fit: mutmut 3 leaves out every decorated function,
which is every Numba kernel and every HTTP handler; cosmic-ray runs one command for all mutants,
and the whole suite takes minutes. Both try every mutant and draw no sample by a seed.
"""

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import yaml

from infra.ci.mutations import Mutation, mutations
from infra.ci.reach import Imports
from infra.ci.trial import Copy, Verdict
from movierec.cli import run
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yaml")
ROOMS = (
    *(f"stages/movierec/{room}" for room in ("lines", "store", "dataset", "models", "evaluation")),
    "serve/collector",
    "serve/service",
)


@dataclass(frozen=True)
class Mutant:
    """An edit of one file of the project."""

    file: str
    mutation: Mutation

    def __str__(self) -> str:
        return f"{self.file}:{self.mutation.line}  {self.mutation.change}"


def sample(root: Path, files: list[str], per_file: int, seed: int) -> list[Mutant]:
    """`per_file` mutants of each file, the same for a seed whatever the other files hold."""
    drawn = []
    for file in files:
        every = mutations((root / file).read_text())
        some = random.Random(f"{seed}:{file}").sample(every, min(per_file, len(every)))
        drawn += [Mutant(file, m) for m in sorted(some, key=lambda m: (m.start, m.change))]
    return drawn


def equivalents(path: Path = EQUIVALENT) -> set[tuple[str, str, str]]:
    """(file, source line, change) of the mutants that no test can tell from the original."""
    rows = yaml.safe_load(path.read_text()) or []
    return {(row["file"], row["line"], row["change"]) for row in rows}


def files_of(root: Path) -> list[str]:
    """The source files of all rooms."""
    found = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    return [str(path.relative_to(root)) for path in found]


def judge(root: Path, mutants: list[Mutant], hops: int, jobs: int) -> dict[Mutant, Verdict]:
    """The verdict on each mutant, by `jobs` copies of the tree at once.

    Raises Unavailable when the tests that are to judge fail without any mutant.
    """
    imports = Imports(root)
    tests = {
        file: [str(t.relative_to(root)) for t in imports.reaching(root / file, hops)]
        for file in {mutant.file for mutant in mutants}
    }
    with Copy(root) as first:
        known = first.failing(sorted({test for chosen in tests.values() for test in chosen}))
        free = SimpleQueue[Copy]()
        copies = [first, *(Copy(root) for _ in range(jobs - 1))]
        for place in copies:
            free.put(place)

        def judged(mutant: Mutant) -> Verdict:
            place = free.get()
            try:
                return place.judge(mutant.file, mutant.mutation, tests[mutant.file], known)
            finally:
                free.put(place)

        try:
            with ThreadPoolExecutor(jobs) as pool:
                return dict(zip(mutants, pool.map(judged, mutants), strict=True))
        finally:
            for place in copies[1:]:
                place.close()


def report(verdicts: dict[Mutant, Verdict], named: set[tuple[str, str, str]]) -> str:
    """The score of each room, and every mutant that lived."""
    rows = [f"{'room':30}{'mutants':>8}{'killed':>8}{'equivalent':>12}{'lived':>7}{'score':>8}"]
    lived = []
    for room in ROOMS:
        inside = [m for m in verdicts if m.file.startswith(f"{room}/")]
        killed = [m for m in inside if verdicts[m] is not Verdict.LIVED]
        rest = [m for m in inside if verdicts[m] is Verdict.LIVED]
        real = [m for m in rest if (m.file, m.mutation.text, m.mutation.change) not in named]
        told = len(killed) + len(real)
        score = f"{100 * len(killed) / told:.0f} %" if told else "–"
        rows.append(
            f"{room:30}{len(inside):8}{len(killed):8}{len(rest) - len(real):12}"
            f"{len(real):7}{score:>8}"
        )
        lived += real
    return "\n".join([*rows, "", *(f"lived  {mutant}" for mutant in lived)])


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="mutants", description="Mutation testing by sample.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="default: all rooms")
    parser.add_argument("--per-file", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hops", type=int, default=1, help="imports between a test and a file")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Sample, judge, print."""
    options = parse(arguments)
    files = options.files or files_of(ROOT)
    if missing := [file for file in files if not (ROOT / file).is_file()]:
        raise BadInput(f"{', '.join(missing)}: no such file below {ROOT}")
    mutants = sample(ROOT, files, options.per_file, options.seed)
    print(f"{len(mutants)} mutants, seed {options.seed}", file=sys.stderr)
    print(report(judge(ROOT, mutants, options.hops, options.jobs), equivalents()))
    return 0


if __name__ == "__main__":
    run(main)
