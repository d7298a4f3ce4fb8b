"""The package opens no socket, and deps say what a stage imports. Arrows: test_rooms.py."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "stages/movierec"
NETWORK = {"socket", "http", "urllib", "requests", "kafka", "confluent_kafka", "flask"}


def imported(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports by full names only"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_files(path: Path, seen: set[Path] | None = None) -> set[Path]:
    """The movierec files that a file imports, directly or through others."""
    seen = set() if seen is None else seen
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "movierec":
            continue
        for depth in range(2, len(parts) + 1):
            place = PACKAGE.joinpath(*parts[1:depth])
            for found in (place / "__init__.py", place.with_suffix(".py")):
                if found.exists() and found not in seen:
                    seen.add(found)
                    package_files(found, seen)
    return seen


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_package_opens_no_socket(path: Path) -> None:
    assert not roots(path) & NETWORK


def stages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage of dvc.yaml; a template counts once."""
    for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        yield name, stage.get("do", stage)


@pytest.mark.parametrize(("name", "stage"), list(stages()), ids=lambda value: str(value)[:20])
def test_what_a_stage_imports_stands_in_its_deps(name: str, stage: dict[str, Any]) -> None:
    program = next(word for word in str(stage["cmd"]).split() if word.endswith(".py"))
    needed = {program} | {str(path.relative_to(ROOT)) for path in package_files(ROOT / program)}
    declared = {str(dep) for dep in stage["deps"]}
    assert needed <= declared, f"{name} lacks {sorted(needed - declared)}"
    # The other way round: a dep that nothing imports re-runs the stage for nothing.
    code = {dep for dep in declared if dep.endswith(".py") and dep.startswith("stages/")}
    assert code <= needed, f"{name} declares {sorted(code - needed)} and imports none of them"
