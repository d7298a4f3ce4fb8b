"""Writes what candidates are compared with: data/incumbent.json, of what is in production.

    python -m infra.release incumbent      # after window, before `dvc repro`

The file is `{model: {version, metrics, baselines}}`, as the stage `gate` reads it: measures of the
releases that the origin's tags `svd#prod#N` say are in production, as they were released. A model
of which nothing is in production has no entry. Where nothing changed the file stays as it is, so
`dvc repro` has nothing to run; where something did, it runs the gate. `register` commits the file.

Exit status: 0 it is as the tags say; 2 something is to be mended, as the line says.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from infra.release.alone import in_turn
from infra.release.options import manual, shared
from infra.release.origin import Origin
from infra.release.production import in_production
from infra.release.tag import Tag, check_repository, resolve
from infra.repository import attempt
from movierec.cli import run
from movierec.errors import BadInput
from movierec.evaluation.gate import Judged
from movierec.files import write_text
from movierec.models.kinds import KINDS

FILE = "data/incumbent.json"


def main(arguments: list[str]) -> int:
    """Write the file; prints what is in production."""
    options = parse(arguments)
    check_repository(options.repo)
    with in_turn(options.repo):
        Origin(options.repo, options.origin).fetch()
    entries = {}
    for kind in KINDS:
        name = in_production(options.repo, kind)
        if name is not None:
            entries[kind] = entry(options.repo, resolve(options.repo, name))
        print(f"{kind}: {name or 'nothing'} is in production")
    write(options.repo / FILE, entries)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("incumbent", __doc__)
    shared(parser, "repo", "origin")
    return parser.parse_args(arguments)


def entry(repository: Path, tag: Tag) -> dict[str, Any]:
    """What the gate reads of a release. Raises BadInput when it cannot be compared with."""
    metrics = document(repository, tag, f"metrics/{tag.kind}.json")
    baselines = document(repository, tag, "reports/baselines.json")
    Judged.of(metrics, baselines, tag.name)
    return {"version": tag.version, "metrics": metrics, "baselines": baselines}


def document(repository: Path, tag: Tag, path: str) -> dict[str, Any]:
    """A JSON file of a release. Raises BadInput when it has none."""
    shown = attempt(repository, "show", f"{tag.commit}:{path}")
    if shown.returncode:
        raise BadInput(
            f"{tag.name}: is in production and has no {path} to be compared with; promote or roll "
            f"back to a release that `register` made"
        )
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def write(path: Path, entries: dict[str, Any]) -> None:
    """Write the entries, unless the file has them."""
    text = json.dumps(entries, indent=2) + "\n"
    if not path.exists() or path.read_text() != text:
        write_text(path, text)


if __name__ == "__main__":
    run(main)
