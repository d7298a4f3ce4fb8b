"""dvc.yaml as data: each stage with its program, deps, params and outs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.yamlfile import read_yaml

LIBRARIES = "stages/libraries.yaml"


@dataclass(frozen=True)
class Stage:
    """A stage; one of a `foreach` over days stands for every day."""

    name: str
    template: str
    program: str
    deps: tuple[str, ...]
    params: tuple[str, ...]
    libraries: tuple[str, ...]
    outs: tuple[str, ...]


def read_stages(root: Path) -> list[Stage]:
    """The stages of dvc.yaml, in its order."""
    document = read_yaml(root / "dvc.yaml", "it stands at the root of the repository")
    return [stage for name, value in document["stages"].items() for stage in _stages(name, value)]


def _stages(name: str, value: dict[str, Any]) -> Iterator[Stage]:
    if "do" not in value:
        yield _stage(name, name, value)
    elif isinstance(value["foreach"], str):
        yield _stage(name, name, value["do"])
    else:
        for item in value["foreach"]:
            yield _stage(f"{name}@{item}", name, _with(item, value["do"]))


def _with(item: str, value: Any) -> Any:
    """`value` with every `${item}` in it replaced."""
    if isinstance(value, dict):
        return {_with(item, key): _with(item, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with(item, inner) for inner in value]
    return value.replace("${item}", item) if isinstance(value, str) else value


def _stage(name: str, template: str, value: dict[str, Any]) -> Stage:
    found = re.search(r"\S+\.py\b", value["cmd"])
    assert found is not None, f"{name}: its cmd names no program"
    params = value.get("params", [])
    libraries = [key for entry in params if isinstance(entry, dict) for key in entry[LIBRARIES]]
    outs = [out for kind in ("outs", "metrics", "plots") for out in value.get(kind, [])]
    return Stage(
        name,
        template,
        found[0],
        tuple(value["deps"]),
        tuple(entry for entry in params if isinstance(entry, str)),
        tuple(libraries or ()),
        tuple(next(iter(out)) if isinstance(out, dict) else out for out in outs),
    )
