"""The arrows of the design: serve → movierec ← stages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "stages/movierec"
SETTINGS = ROOT / "serve/settings.py"
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


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def reads_the_environment(path: Path) -> bool:
    """Whether a file names `….environ` or `….getenv`."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return any(isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv") for n in nodes)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_package_imports_no_program_opens_no_socket_reads_no_environment(path: Path) -> None:
    assert not roots(path) & {"serve", "stages", "infra", "tests"}
    assert not roots(path) & NETWORK
    assert not reads_the_environment(path)


@pytest.mark.parametrize("path", sorted(ROOT.glob("stages/*.py")), ids=lambda path: path.name)
def test_a_stage_imports_no_other_program(path: Path) -> None:
    assert not roots(path) & {"serve", "stages", "infra", "tests"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("serve/**/*.py")), ids=lambda path: path.name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    assert not roots(path) & {"stages", "infra", "tests"}
    if path != SETTINGS:
        assert not reads_the_environment(path)
