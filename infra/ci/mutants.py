"""Mutation testing by sample: how many small defects, put into a room, do its tests notice?

    python -m infra.ci.mutants [--per-file 2] [--seed 1] [--hops 1] [--jobs 2] [--least %] [PATH …]

Each mutant runs the mirrored test file, those from which at most `--hops` imports lead to its
file, and the contract tests that reach it at all, nearest first, until one fails. The score is a
lower bound: tests further away, slow ones and those on the real broker have seen no mutant.
Equivalent mutants stand in `equivalent_mutants.yaml` with the reason why no test can tell; they
are not run and do not count. The working tree is never touched.

Two mutants a file make a sample, of which another seed is another: the score of a house is good
to a few points, that of a room to ten. So nothing fails by itself; `--least` is for a person.

Written here because the known tools do not fit: mutmut 3 leaves out every decorated function,
which is every Numba kernel and every HTTP handler; cosmic-ray runs one command for all mutants,
and the whole suite takes minutes. Both try every mutant and draw no sample by a seed.
"""

import argparse
import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import yaml

from infra.ci.mutations import Mutation, mutations
from infra.ci.reach import Imports
from infra.ci.trial import Copy, Verdict
from movierec.cli import real, run, whole
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yaml")
FLOOR = "stages/movierec"
HOUSES = (FLOOR, "serve")
"""`--least` is asked of each. What stands in none of a house's rooms is counted under its name."""
ROOMS = (
    FLOOR,
    *(f"{FLOOR}/{room}" for room in ("lines", "store", "dataset", "models", "evaluation")),
    "serve",
    "serve/collector",
    "serve/http",
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


def room_of(file: str) -> str:
    """The innermost room that holds a file. Raises ValueError when none does."""
    return max((room for room in ROOMS if file.startswith(f"{room}/")), key=len)


def house_of(file: str) -> str:
    """The house that a file of a room is in."""
    return next(house for house in HOUSES if file.startswith(f"{house}/"))


def files_of(root: Path, paths: list[str]) -> list[str]:
    """The source files of rooms at or below `paths`. Raises BadInput for one that has none."""
    found = []
    for path in paths:
        place = root / path
        files = [place] if place.is_file() else sorted(place.rglob("*.py"))
        names = [str(file.relative_to(root)) for file in files]
        inside = [name for name in names if any(name.startswith(f"{room}/") for room in ROOMS)]
        if not inside:
            raise BadInput(f"{path}: no source file of a room; rooms: {', '.join(ROOMS)}")
        found += inside
    return list(dict.fromkeys(found))


def judge(
    root: Path,
    mutants: list[Mutant],
    hops: int,
    jobs: int,
    told: Callable[[Mutant, Verdict], None] = lambda mutant, verdict: None,
) -> dict[Mutant, Verdict]:
    """The verdict on each mutant, by `jobs` copies of the tree at once, `told` as it falls.

    Raises Unavailable when the tests that are to judge fail without any mutant.
    """
    imports = Imports(root)
    files = {mutant.file for mutant in mutants}
    tests = {file: _relative(root, imports.reaching(root / file, hops)) for file in files}
    users = {file: imports.users(root / file) for file in files}
    with Copy(root) as first:
        known = first.failing(sorted({test for chosen in tests.values() for test in chosen}))
        free = SimpleQueue[Copy]()
        copies = [first, *(Copy(root) for _ in range(jobs - 1))]
        for place in copies:
            free.put(place)

        def judged(mutant: Mutant) -> Verdict:
            file, place = mutant.file, free.get()
            try:
                verdict = place.judge(file, mutant.mutation, tests[file], known, users[file])
            finally:
                free.put(place)
            told(mutant, verdict)
            return verdict

        try:
            with ThreadPoolExecutor(jobs) as pool:
                return dict(zip(mutants, pool.map(judged, mutants), strict=True))
        finally:
            for place in copies[1:]:
                place.close()


def _relative(root: Path, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]


@dataclass(frozen=True)
class Count:
    """What became of the mutants of a room or a house."""

    name: str
    killed: int
    equivalent: int
    lived: int

    @property
    def score(self) -> float:
        """Percent killed of those that can be told; 100 when there is none."""
        told = self.killed + self.lived
        return 100 * self.killed / told if told else 100.0

    def __str__(self) -> str:
        every = self.killed + self.equivalent + self.lived
        return (
            f"{self.name:30}{every:8}{self.killed:8}{self.equivalent:12}{self.lived:7}"
            f"{self.score:6.0f} %"
        )


def count(name: str, verdicts: list[Verdict]) -> Count:
    """Whatever is neither equivalent nor alive was killed."""
    equivalent, lived = verdicts.count(Verdict.EQUIVALENT), verdicts.count(Verdict.LIVED)
    return Count(name, len(verdicts) - equivalent - lived, equivalent, lived)


def counts(verdicts: dict[Mutant, Verdict]) -> tuple[list[Count], list[Count]]:
    """(rooms, houses): the counts of those that have mutants."""

    def of(names: tuple[str, ...], name_of: Callable[[str], str]) -> list[Count]:
        found: dict[str, list[Verdict]] = {name: [] for name in names}
        for mutant, verdict in verdicts.items():
            found[name_of(mutant.file)].append(verdict)
        return [count(name, inside) for name, inside in found.items() if inside]

    return of(ROOMS, room_of), of(HOUSES, house_of)


def report(verdicts: dict[Mutant, Verdict]) -> str:
    """The score of each room and house, and every mutant that lived."""
    head = f"{'room':30}{'mutants':>8}{'killed':>8}{'equivalent':>12}{'lived':>7}{'score':>8}"
    rooms, houses = counts(verdicts)
    lived = [f"lived  {m}" for m, verdict in verdicts.items() if verdict is Verdict.LIVED]
    return "\n".join(
        [head, *map(str, rooms), "", *(f"{house}  (whole house)" for house in houses), "", *lived]
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="mutants", description="Mutation testing by sample.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="default: all rooms")
    parser.add_argument("--per-file", type=whole, default=2)
    parser.add_argument("--seed", type=whole, default=1)
    parser.add_argument("--hops", type=whole, default=1, help="imports between a test and a file")
    parser.add_argument("--jobs", type=whole, default=2)
    parser.add_argument("--least", type=real, default=0, help="percent; below it, status 1")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Sample, judge, print."""
    options = parse(arguments)
    files = files_of(ROOT, options.paths or list(ROOMS))
    mutants = sample(ROOT, files, options.per_file, options.seed)
    print(f"{len(mutants)} mutants, seed {options.seed}", file=sys.stderr)
    named = equivalents()
    same = [m for m in mutants if (m.file, m.mutation.text, m.mutation.change) in named]
    verdicts = judge(
        ROOT,
        [mutant for mutant in mutants if mutant not in same],
        options.hops,
        options.jobs,
        lambda mutant, verdict: print(f"{verdict.value:24}{mutant}", file=sys.stderr, flush=True),
    )
    verdicts |= dict.fromkeys(same, Verdict.EQUIVALENT)
    print(report(verdicts))
    return int(any(house.score < options.least for house in counts(verdicts)[1]))


if __name__ == "__main__":
    run(main)
