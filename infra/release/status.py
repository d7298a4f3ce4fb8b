"""Says what is in production: for each model its release, since when, and what is newer.

    python -m infra.release status

By the tags of the origin: `svd#prod#N` says what is in production, `svd@v1.4.0` what was released.
Beside them what the gate said last, of the release candidate that stands in reports/gate.json.
Changes nothing but the tags that are known here.

Exit status: 0; 2 the origin cannot be had, or a tag here is another there.
"""

import argparse
from pathlib import Path
from typing import Any

from infra.release.alone import in_turn
from infra.release.options import manual, shared
from infra.release.origin import Origin
from infra.release.production import Production
from infra.release.releases import live, versions_of
from infra.release.tag import check_repository
from movierec.cli import run
from movierec.files import read_json
from movierec.models.kinds import KINDS

HEAD = ("model", "in production", "since", "by", "before", "newest", "gate")
NOTHING = "-"


def main(arguments: list[str]) -> int:
    """Print a line for each model."""
    options = parse(arguments)
    check_repository(options.repo)
    with in_turn(options.repo):
        Origin(options.repo, options.origin).fetch()
    table = [HEAD, *(row(options.repo, kind) for kind in KINDS)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print("  ".join(padded).rstrip())
    for kind in KINDS:
        for reason in refused(options.repo, kind):
            print(f"{kind}: refused by the gate: {reason}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("status", __doc__)
    shared(parser, "repo", "origin")
    return parser.parse_args(arguments)


def row(repository: Path, kind: str) -> tuple[str, ...]:
    """The cells of a model."""
    found = Production.read(repository, kind)
    releases = live(repository, versions_of(repository, kind))
    by = (f"{found.move.at:%Y-%m-%d %H:%M}Z", found.move.tag) if found.move else (NOTHING, NOTHING)
    newest = releases[-1] if releases else NOTHING
    given_up = " (rolled back from)" if newest in found.given_up else ""
    return (
        kind,
        found.release or NOTHING,
        *by,
        found.before or NOTHING,
        f"{newest}{given_up}",
        said(repository, kind),
    )


def said(repository: Path, kind: str) -> str:
    """The gate's last word on a model."""
    found = judged(repository, kind)
    return NOTHING if not found else "pass" if found.get("pass") is True else "refused"


def refused(repository: Path, kind: str) -> list[str]:
    """The gate's reasons against a model; none when it passed, or was not judged."""
    reasons: list[str] = judged(repository, kind).get("reasons", [])
    return reasons


def judged(repository: Path, kind: str) -> dict[str, Any]:
    """What reports/gate.json says of a model; nothing where it says nothing."""
    gate = repository / "reports/gate.json"
    found = read_json(gate, "run `dvc repro`").get(kind) if gate.exists() else None
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    run(main)
