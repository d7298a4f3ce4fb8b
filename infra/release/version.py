"""Which number a release gets: only data changed → patch, what it is made by → minor, how it is
stored → major."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gto.versions import SemVer

from infra.release.objects import Objects
from infra.release.pipeline import Pipeline
from movierec.errors import BadInput

FIRST = "v1.0.0"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Made:
    """What a model was made of, its data aside."""

    format: str
    """Of its folder."""
    params: dict[str, dict[str, Any]]
    """By file, those of every stage that it comes of; the versions of libraries among them."""
    code: dict[str, str]
    """path → MD5."""

    @classmethod
    def read(cls, pipeline: Pipeline, out: str, manifest: dict[str, Any]) -> "Made":
        """That of the model at `out`."""
        stages = pipeline.upstream(out)
        form = str(manifest.get("format"))
        return cls(form, pipeline.params_of(stages), pipeline.code_of(stages))


def manifest_of(remote: Objects, model: str) -> dict[str, Any]:
    """The manifest in a model's folder on the remote. Raises BadInput when it has none."""
    files = remote.files_of(model)
    if MANIFEST not in files:
        raise BadInput(f"{remote.where(model)}: a model without {MANIFEST}; train it anew")
    document: dict[str, Any] = json.loads(remote.read(files[MANIFEST]))
    return document


def next_version(versions: Iterable[str], before: Made | None, now: Made) -> tuple[str, str]:
    """The number after the highest of `versions` (those that were taken back among them), and why
    it is that one. `before` is what the latest release was made of.

    >>> v1, v2 = (Made("model/3", {"params.yaml": {"train.dtype": t}}, {}) for t in ("f4", "f8"))
    >>> next_version(["v1.9.0", "v1.10.0"], v1, v1)
    ('v1.10.1', 'other data')
    >>> next_version(["v1.10.0"], v1, v2)
    ('v1.11.0', 'other params: params.yaml:train.dtype')
    """
    known = [SemVer(version) for version in versions]
    if not known:
        return FIRST, "the first one"
    highest = max(known)
    if before is None:
        return str(highest.bump_minor().version), "those before were taken back"
    if before.format != now.format:
        return str(highest.bump_major().version), f"format {now.format}, before {before.format}"
    for what, old, new in (
        ("params", flat(before.params), flat(now.params)),
        ("code", before.code, now.code),
    ):
        differ = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
        if differ:
            return str(highest.bump_minor().version), f"other {what}: {', '.join(differ)}"
    return str(highest.bump_patch().version), "other data"


def flat(params: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """file:key → value, of what is nested."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [(f"{file}:", values) for file, values in params.items()]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            joint = "" if name.endswith(":") else "."
            waiting += [(f"{name}{joint}{key}", inner) for key, inner in value.items()]
        else:
            found[name] = value
    return found
