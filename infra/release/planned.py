"""Which stages a pipeline has. dvc.lock keeps those, too, that it had once: each day that left the
window, with the code that aggregated it then.

Those that judge what was answered are none of a release: no model is made of them, they run after
it, and the raw days that they read expire."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.parsing.context import Context

from infra.release.documents import yaml_at
from infra.repository import attempt
from movierec.errors import BadInput

FILE = "dvc.yaml"
PARAMS = "params.yaml"
"""Where DVC looks for what no file of `vars` has."""
REMEDY = "see `dvc status`"
OF_ANSWERS = ("online", "online_merge")
"""The stages that judge what was answered."""


def planned(repository: Path, treeish: str, name: str) -> set[str]:
    """The names of the stages of a release that dvc.yaml of a commit or a tree has, with `@<item>`
    those that it has for each of something. Raises BadInput when that cannot be told; `name` is for
    that."""
    pipeline = yaml_at(repository, treeish, name, FILE, REMEDY)
    files = [file for file in pipeline.get("vars") or [] if isinstance(file, str)]
    if not attempt(repository, "cat-file", "-e", f"{treeish}:{PARAMS}").returncode:
        files.insert(0, PARAMS)
    told: dict[str, Any] = {}
    for file in files:
        told |= yaml_at(repository, treeish, name, file, REMEDY)
    names = set()
    for stage, made in (pipeline.get("stages") or {}).items():
        items = made.get("foreach")
        names |= {stage} if items is None else {f"{stage}@{i}" for i in each(items, told, name)}
    return {stage for stage in names if is_of_release(stage)}


def is_of_release(stage: str) -> bool:
    """Whether a stage has a part in what a release is.

    >>> is_of_release("aggregate@2026-11-01"), is_of_release("online@2026-11-01")
    (True, False)
    """
    return stage.partition("@")[0] not in OF_ANSWERS


def each(items: Any, told: Mapping[str, Any], name: str) -> list[str]:
    """What a `foreach` goes over: a list, or the keys of a mapping.

    >>> each("${days}", {"days": ["2026-11-01"]}, "the work tree")
    ['2026-11-01']
    """
    try:
        return [str(item) for item in Context(told).resolve(items)]
    except DvcException as error:
        raise BadInput(f"{name}:{FILE}: foreach {items}: {error}; {REMEDY}") from None
