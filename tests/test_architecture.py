"""The rooms of the house: which may import which, no circle, and what the service is spared.

`lines ← store, dataset ← models ← evaluation` inside the package; around it `serve → movierec ←
stages`, where collector and service do not know each other, and `infra` above them all.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from infra.ci.imports import closure

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = {"lines", "store", "dataset", "models", "evaluation"}
FLOOR = "floor"  # errors, times, hashing, files, params …: every room stands on it
MAY_IMPORT = {
    FLOOR: set[str](),
    "lines": {FLOOR},
    "store": {FLOOR, "lines"},
    "dataset": {FLOOR, "lines"},
    "models": {FLOOR, "dataset"},
    "evaluation": {FLOOR, "lines", "dataset", "models"},
    "stages": {FLOOR, *PACKAGE},
    "serve": {FLOOR},
    "collector": {FLOOR, "serve", "lines", "store"},
    "service": {FLOOR, "serve", "lines", "dataset", "models"},
    "infra": {FLOOR, *PACKAGE, "serve", "collector", "service"},
}
NETWORK = {"socket", "http", "urllib", "requests", "kafka", "confluent_kafka", "flask"}
WORKSHOP = {"numba", "llvmlite", "pyarrow", "scipy", "surprise", "kafka", "dvc", "yaml", "ruamel"}
WORKSHOP |= {"pyspark"}
HANDS_IT_ON = {
    "serve/settings.py": "the one reader",
    "serve/service/tally.py": "Prometheus' client is told in it where to count",
    "infra/docker/answers.py": "the service that it starts inherits it, and its folder is asked",
    "infra/processes.py": "a child inherits it",
    "infra/ci/trial.py": "a child inherits it",
    "infra/demo/replay.py": "infra/kafka/with-kafka.sh names the broker in it",
    "infra/kafka/check.py": "the broker's settings",
    "infra/prometheus/settings.py": "where node-exporter reads",
    "infra/rancher/settings.py": "where releases are deployed to",
    "infra/repository.py": "git and DVC inherit it, but for what names another repository",
    "infra/registry/engine.py": "Docker's client inherits what it reads of it, and nothing else",
    "infra/registry/settings.py": "the registry's settings",
    "infra/router/settings.py": "the router's settings",
    "infra/simulator/sender.py": "the broker's settings",
    "infra/slack/settings.py": "where Slack takes messages",
    "infra/transfer/settings.py": "for how long a transfer may stand still",
}


def room_of(path: Path) -> str:
    """The room in which a source file stands."""
    house, *inside = path.relative_to(ROOT).parts
    if house == "stages":
        if inside[0] != "movierec":
            return "stages"
        return inside[1] if inside[1] in PACKAGE else FLOOR
    return inside[0] if inside[0] in ("collector", "service") else house


def name_of(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "stages" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted(p for house in ("stages", "serve", "infra") for p in (ROOT / house).rglob("*.py"))
PACKAGE_FILES = [path for path in FILES if ROOT / "stages/movierec" in path.parents]
MODULES = {name_of(path): path for path in FILES}


def imports(path: Path) -> Iterator[Path]:
    """The files of ours that a file imports, wherever in it; a package counts for itself alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names: list[tuple[str, ...]] = [(alias.name,) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(f"{node.module}.{alias.name}", str(node.module)) for alias in node.names]
        else:
            continue
        for candidates in names:
            yield from [MODULES[name] for name in candidates if name in MODULES][:1]


def foreign_houses(path: Path) -> set[str]:
    """The first names of what a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=short)
def test_a_file_imports_from_the_rooms_below_its_own(path: Path) -> None:
    room = room_of(path)
    wrong = {short(o) for o in imports(path) if room_of(o) not in MAY_IMPORT[room] | {room}}
    assert not wrong, f"{room} may import {sorted(MAY_IMPORT[room])}"
    assert "tests" not in foreign_houses(path)


def test_every_file_stands_in_a_room() -> None:
    assert {room_of(path) for path in FILES} == set(MAY_IMPORT)


def test_no_circle_of_imports_exists() -> None:
    graph = {path: {o for o in imports(path) if o != path} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(short(path) for path in error.args[1]))


@pytest.mark.parametrize("path", FILES, ids=short)
def test_the_environment_is_read_in_one_place(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "os"  # a request has an `environ` of its own
    }
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    reads = bool(names & {"environ", "environb", "getenv"})
    assert reads == (short(path) in HANDS_IT_ON)


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=short)
def test_the_package_opens_no_socket(path: Path) -> None:
    assert not foreign_houses(path) & NETWORK


def test_the_service_runs_without_what_only_the_workshop_needs() -> None:
    service = sorted(name_of(p) for p in FILES if room_of(p) == "service")
    code = (
        f"import importlib, sys\nfor name in {service}: importlib.import_module(name)\n"
        f"print(*sorted({WORKSHOP} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("image", "program"),
    [
        ("serve", "serve/service/__main__.py"),
        ("collector", "serve/collector/__main__.py"),
        ("router", "infra/router/start.py"),
    ],
)
def test_an_image_is_given_all_that_its_program_imports(image: str, program: str) -> None:
    text = (ROOT / f"infra/docker/{image}.Dockerfile").read_text()
    copied = " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)).split()
    places = [place for name in copied for place in ROOT.glob(name)]
    given = {file for place in places for file in [place, *place.rglob("*.py")]}
    assert not {short(path) for path in closure(ROOT, program) - given}
