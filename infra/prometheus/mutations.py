"""Do the tests of alerts.yml hold its numbers? Each is changed in turn, and a test must fail.

    python -m infra.prometheus.mutations [RULE …]

Prints each change that no test noticed, and how many were tried. A change is tried on the tests
that ask for its alert or its series, and give what it reads.

Exit status: 0 every change was noticed; 1 one was not; 2 something is to be mended.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.prometheus.mutants import mutants
from infra.prometheus.suite import Suite, check, name_of
from movierec.cli import run
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Try them all; the exit status says whether the tests noticed."""
    options = parse(arguments)
    suite = Suite(options.rules, options.tests)
    chosen = [
        number
        for number, rule in enumerate(suite.rules)
        if not options.rule or name_of(rule) in options.rule
    ]
    tried = [(number, mutant) for number in chosen for mutant in mutants(suite.rules[number])]
    check([*suite.rules, *(mutant.rule for _, mutant in tried)])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, fine in zip(chosen, pool.map(suite.passes, chosen), strict=True):
            if not fine:
                name = name_of(suite.rules[number])
                raise BadInput(f"{name}: its tests fail though nothing is changed")
        passed = list(pool.map(lambda one: suite.passes(one[0], one[1].rule), tried))
    for (number, mutant), unseen in zip(tried, passed, strict=True):
        if unseen:
            print(f"not noticed: {name_of(suite.rules[number])}: {mutant.change}")
    print(f"{len(tried)} tried, {passed.count(False)} noticed, {passed.count(True)} not")
    return int(any(passed))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="mutations",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rule", nargs="*", help="an alert or a recorded series (all)")
    rules, tests = ROOT / "infra/prometheus/alerts.yml", ROOT / "tests/infra/prometheus/alerts"
    parser.add_argument("--rules", type=Path, default=rules, metavar="FILE", help="(ours)")
    parser.add_argument("--tests", type=Path, default=tests, metavar="FOLDER", help="(ours)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(main)
