"""Which stages an edit runs: of a file, a room, a section of params.yaml or a library."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from infra.ci.imports import is_docstring
from infra.ci.stages import LIBRARIES, Stage, read_stages
from movierec.yamlfile import read_yaml

HOUSES = ("stages", "serve", "infra", "tests")
HEADER = ("edit", "runs", "then, where bytes change")


def edits(root: Path) -> str:
    """A table: what is edited, the stages that run for it, and those after them.

    A folder, or a section of params.yaml, whose parts all run the same stands for them.
    """
    stages = read_stages(root)
    params = read_yaml(root / "params.yaml", "it stands beside dvc.yaml")
    rows: list[tuple[str, ...]] = [HEADER]
    for thing, names in [
        *(row for house in HOUSES for row in _folder(root, stages, root / house)),
        *(row for name, value in params.items() for row in _section(stages, name, value)),
        *_libraries(root, stages),
    ]:
        rows.append((thing, *(_short(stages, n) for n in (names, after(stages, names)))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    rows.insert(1, tuple("─" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def of_file(stages: list[Stage], path: str) -> list[str]:
    """The stages that an edit of the file at `path` runs."""
    return [stage.name for stage in stages if any(_within(path, dep) for dep in stage.deps)]


def of_param(stages: list[Stage], key: str) -> list[str]:
    """The stages that another value of `key` (`train.svd.n_factors`) runs."""
    return [
        stage.name
        for stage in stages
        if any(f"{key}.".startswith(f"{name}.") for name in stage.params)
    ]


def after(stages: list[Stage], names: Iterable[str]) -> list[str]:
    """The stages downstream of `names`."""
    found = set(names)
    for stage in stages:  # dvc.yaml orders them as the data flows
        made = [out for other in stages if other.name in found for out in other.outs]
        if any(_within(out, dep) for dep in stage.deps for out in made):
            found.add(stage.name)
    return [stage.name for stage in stages if stage.name in found - set(names)]


def _within(path: str, other: str) -> bool:
    return f"{path}/".startswith(f"{other}/")


def _folder(root: Path, stages: list[Stage], place: Path) -> Iterator[tuple[str, list[str]]]:
    """One row for `place` where all code in it runs the same, else the rows of its parts."""
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    found = {
        tuple(of_file(stages, str(file.relative_to(root))))
        for file in files
        if not is_docstring(file)
    }
    if len(found) == 1:
        yield str(place.relative_to(root)) + "/" * place.is_dir(), list(found.pop())
    elif found:
        for part in sorted(place.iterdir(), key=lambda part: (part.is_dir(), part)):
            if part.is_dir() or part.suffix == ".py":
                yield from _folder(root, stages, part)


def _section(stages: list[Stage], name: str, value: Any) -> Iterator[tuple[str, list[str]]]:
    """One row for a key of params.yaml where all in it runs the same, else those of its keys."""
    keys = _leaves(name, value)
    found = {tuple(of_param(stages, key)) for key in keys}
    if len(found) == 1:
        yield f"params.yaml: {name}", list(found.pop())
    else:
        for key, inner in value.items():
            yield from _section(stages, f"{name}.{key}", inner)


def _leaves(name: str, value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [name]
    return [leaf for key, inner in value.items() for leaf in _leaves(f"{name}.{key}", inner)]


def _libraries(root: Path, stages: list[Stage]) -> Iterator[tuple[str, list[str]]]:
    """A row a library that makes bytes, and one for all others."""
    for library in read_yaml(root / LIBRARIES, "`python -m infra.ci.deps --write` makes it"):
        yield f"another {library}", [s.name for s in stages if library in s.libraries]
    yield "any other library", []


def _short(stages: list[Stage], names: list[str]) -> str:
    """Stages by name; `all`, or a template's name where every one of its stages is meant."""
    if len(names) == len(stages):
        return "all"
    shown: dict[str, None] = {}  # a set that keeps its order
    for stage in stages:
        of_template = {other.name for other in stages if other.template == stage.template}
        if stage.name in names:
            shown[stage.template if of_template <= set(names) else stage.name] = None
    return " ".join(shown) or "–"
