"""What is different between two releases of a kind: days, parameters, libraries, code, measures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.release.message import WINDOW
from infra.release.pipeline import Pipeline
from infra.release.releases import path_of
from infra.release.version import flat
from infra.repository import attempt
from movierec.dataset.windowfile import days_of

NOTHING = "-"


def changes(repository: Path, old: str, new: str) -> str:
    """A table of both, beside each other: measures all, of the rest what differs.

    Of a release that was taken back, too, as long as its tag is there.
    """
    before, after = (told_of(repository, name) for name in (old, new))
    names = [*before, *(name for name in after if name not in before)]
    rows = [
        (name, before.get(name, NOTHING), after.get(name, NOTHING))
        for name in names
        if name.startswith("metrics ") or before.get(name) != after.get(name)
    ]
    table = [("", old, new), *rows]
    widths = [max(len(row[n]) for row in table) for n in range(3)]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in table)
    return "\n".join(line.rstrip() for line in lines)


def told_of(repository: Path, name: str) -> dict[str, str]:
    """What is told of a release → its value, as its commit has it."""
    kind = name.split("@")[0]
    commit = f"refs/tags/{name}^{{commit}}"
    told = {"days": span(days_at(repository, commit))}
    pipeline = Pipeline.read(repository, commit, name)
    stages = pipeline.upstream(path_of(repository, commit, kind))
    told |= {key: json.dumps(value) for key, value in flat(pipeline.params_of(stages)).items()}
    told |= {f"code {path}": md5[:8] for path, md5 in pipeline.code_of(stages).items()}
    metrics = json_at(repository, f"{commit}:metrics/{kind}.json")
    return told | {f"metrics {key}": json.dumps(value) for key, value in metrics.items()}


def days_at(repository: Path, commit: str) -> list[str]:
    """The days of its window; none where it has no such file."""
    shown = attempt(repository, "show", f"{commit}:{WINDOW}")
    return [] if shown.returncode else days_of(shown.stdout, Path(WINDOW))


def span(days: list[str]) -> str:
    """Days in one cell.

    >>> span(["2026-11-01", "2026-11-02", "2026-11-04"])
    '2026-11-01 … 2026-11-04 (3)'
    """
    return f"{min(days)} … {max(days)} ({len(days)})" if days else NOTHING


def json_at(repository: Path, name: str) -> Mapping[str, Any]:
    """A JSON file as git has it; nothing where it has none."""
    shown = attempt(repository, "show", name)
    return {} if shown.returncode else json.loads(shown.stdout)
