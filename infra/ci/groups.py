"""The five groups that Jenkins runs the fast tests in, side by side.

    python -m infra.ci.groups data-quality     # the test files of a group, a line each

A test file belongs to the longest path of GROUPS that it stands at or below.
"""

import argparse
from pathlib import Path

from movierec.cli import run
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {
    "data-quality": [
        "tests/movierec/lines",
        "tests/movierec/dataset/test_daily.py",
        "tests/movierec/dataset/test_distance.py",
        "tests/movierec/dataset/test_drift.py",
        "tests/movierec/dataset/test_expected.py",
        "tests/movierec/dataset/test_normal_days.py",
        "tests/movierec/dataset/test_quality.py",
        "tests/stages/test_drift.py",
        "tests/stages/test_validate.py",
        "tests/infra/simulator",
        "tests/test_architecture.py",
        "tests/test_doctests.py",
        "tests/test_marks.py",
        "tests/test_mirror.py",
        "tests/test_options.py",
        "tests/test_programs.py",
        "tests/test_readme.py",
    ],
    "data-collection": [
        "tests/serve/collector",
        "tests/movierec/store",
        "tests/brokers",
        "tests/faults",
        "tests/infra/grafana",
        "tests/infra/kafka",
        "tests/infra/prometheus",
    ],
    "preprocessing": [
        "tests/movierec",
        "tests/movierec/dataset",
        "tests/stages/test_aggregate.py",
        "tests/stages/test_preprocess.py",
    ],
    "training-and-offline-evaluation": [
        "tests/movierec/models",
        "tests/movierec/evaluation",
        "tests/stages",
        "tests/contract",
        "tests/bench",
        "tests/infra",
    ],
    "online-evaluation": [
        "tests/movierec/evaluation/online",
        "tests/movierec/test_routing.py",
        "tests/stages/test_online_evaluate.py",
        "tests/stages/test_online_merge.py",
        "tests/stages/test_online_open.py",
        "tests/serve",
        "tests/cluster",
        "tests/infra/ci/online",
        "tests/infra/docker",
        "tests/infra/kubernetes",
        "tests/infra/router",
    ],
}


def main(arguments: list[str]) -> int:
    """Print the test files of one group."""
    parser = argparse.ArgumentParser(prog="groups", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER", help="(this project)")
    options = parser.parse_args(arguments)
    print(*dealt(options.root)[options.group], sep="\n")
    return 0


def dealt(root: Path) -> dict[str, list[str]]:
    """group → the test files below `root/tests`, in order. Raises BadInput for one without group,
    and for a group without tests: pytest would run all of them."""
    found: dict[str, list[str]] = {group: [] for group in GROUPS}
    for path in sorted((root / "tests").rglob("test_*.py")):
        file = path.relative_to(root).as_posix()
        found[group_of(file)].append(file)
    if empty := [group for group, files in found.items() if not files]:
        raise BadInput(f"{root}/tests: no tests of {', '.join(empty)}")
    return found


def group_of(file: str) -> str:
    """The group of a test file.

    >>> group_of("tests/movierec/dataset/test_quality.py"), group_of("tests/movierec/test_x.py")
    ('data-quality', 'preprocessing')
    """
    fitting = [
        (len(path), group)
        for group, paths in GROUPS.items()
        for path in paths
        if file == path or file.startswith(f"{path}/")
    ]
    if not fitting:
        raise BadInput(f"{file}: in none of the groups of infra/ci/groups.py; enter its folder")
    return max(fitting)[1]


if __name__ == "__main__":
    run(main)
