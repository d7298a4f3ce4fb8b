"""What a tag tells of its model: from its commit, and, for what DVC keeps, from the remote."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.release.message import WINDOW
from infra.release.objects import Objects
from infra.release.package import Locked, locked_model
from infra.release.pipeline import LOCK, Pipeline
from infra.release.tag import Tag, resolve
from infra.release.version import Made, manifest_of
from infra.repository import attempt, git
from movierec.dataset.windowfile import days_of
from movierec.errors import BadInput

PLOTS = ("epochs", "activity", "distribution")
Series = Mapping[str, list[float]]
"""Column → values of one plot."""


@dataclass(frozen=True)
class Released:
    """A release, as it was measured when it was made."""

    tag: Tag
    days: list[str]
    model: Locked
    manifest: Mapping[str, Any]
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    verdict: Mapping[str, Any]
    """Of the gate: `gain_interval`, `validation_ratings`, `judged_users`, `incumbent`."""
    rmse_interval: tuple[float, float] | None
    confidence: float | None
    plots: Mapping[str, Series]
    made: Made
    """Of what the model and its measures were made."""
    lock: str
    """The hash that git gives its dvc.lock."""

    @classmethod
    def read(cls, repository: Path, tag: Tag, remote: Objects) -> "Released":
        """Raises BadInput when the tag's commit lacks a file, Unavailable when the remote does."""
        pipeline = Pipeline.read(repository, tag.commit, tag.name)
        model, kept = locked_model(repository, tag), pipeline.kept()
        manifest = manifest_of(remote, model.md5)
        report = json.loads(remote.read(_out(kept, f"reports/{tag.kind}.json", tag)))
        measures = pipeline.upstream(f"metrics/{tag.kind}.json") | pipeline.upstream(model.path)
        return cls(
            tag=tag,
            days=days_of(_text(repository, tag, WINDOW).encode(), Path(f"{tag.name}:{WINDOW}")),
            model=model,
            manifest=manifest,
            metrics=_json(repository, tag, f"metrics/{tag.kind}.json"),
            baselines=_json(repository, tag, "reports/baselines.json"),
            verdict=_json(repository, tag, "reports/gate.json").get(tag.kind, {}),
            rmse_interval=report.get("rmse_interval"),
            confidence=report.get("confidence"),
            plots={
                name: _series(remote.read(_out(kept, f"plots/{tag.kind}/{name}.csv", tag)))
                for name in PLOTS
            },
            made=Made(
                str(manifest.get("format")),
                pipeline.params_of(measures),
                pipeline.code_of(measures),
            ),
            lock=git(repository, "rev-parse", f"{tag.commit}:{LOCK}").strip(),
        )


def beside(repository: Path, tag: Tag, before: list[str]) -> Tag | None:
    """What a release is shown beside: the incumbent that its gate compared it with, else the
    highest of `before`, the releases of its kind with lower numbers; None where there are none.

    Of the commit alone, and not of what is in production today: a card stays what it was.
    """
    incumbent = _json(repository, tag, "reports/gate.json").get(tag.kind, {}).get("incumbent")
    if incumbent is not None:
        return resolve(repository, f"{tag.kind}@{incumbent}")
    return resolve(repository, before[-1]) if before else None


def _out(kept: Mapping[str, str], path: str, tag: Tag) -> str:
    if path not in kept:
        raise BadInput(f"{tag.name}: no {path} among the outputs in its {LOCK}")
    return kept[path]


def _text(repository: Path, tag: Tag, path: str) -> str:
    shown = attempt(repository, "show", f"{tag.commit}:{path}")
    if shown.returncode:
        raise BadInput(f"{tag.name}: no {path} in its commit; `register` puts it there")
    return shown.stdout.decode()


def _json(repository: Path, tag: Tag, path: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_text(repository, tag, path))
    return read


def _series(content: bytes) -> Series:
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    return {name: [float(row[name]) for row in rows if row[name]] for name in (rows or [{}])[0]}
