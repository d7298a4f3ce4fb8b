"""The dashboards of Grafana, written from the code that describes them.

    python -m infra.grafana.build

Writes infra/grafana/dashboards/*.json, which are committed: Grafana reads them as they are.
"""

import argparse
from pathlib import Path

from infra.grafana.boards import data, machine, quality, service
from infra.grafana.document import text_of
from movierec.cli import run
from movierec.files import write_text

FOLDER = Path(__file__).resolve().parent / "dashboards"
BOARDS = {
    "service": service.BOARD,
    "quality": quality.BOARD,
    "data": data.BOARD,
    "machine": machine.BOARD,
}
"""File name → what is in it, in the order in which a person looks."""


def main(arguments: list[str]) -> int:
    """Write the files; prints where they are."""
    parser = argparse.ArgumentParser(prog="build", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="FOLDER")
    options = parser.parse_args(arguments)
    for name, board in BOARDS.items():
        write_text(options.output / f"{name}.json", text_of(board))
    print(f"{len(BOARDS)} dashboards are in {options.output}")
    return 0


if __name__ == "__main__":
    run(main)
