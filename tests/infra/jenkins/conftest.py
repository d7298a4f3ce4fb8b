"""Groovy, to read the Jenkinsfile and to run the jobs' scripts without Jenkins."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
Groovy = Callable[..., Any]


@pytest.fixture(scope="session")
def groovy(tmp_path_factory: pytest.TempPathFactory) -> Groovy:
    """Runs a program of this folder with arguments; what it prints, as JSON."""
    asked = subprocess.run(
        [ROOT / "infra/ci/groovy.sh"], capture_output=True, check=True, text=True
    )
    jars, classes = asked.stdout.strip(), tmp_path_factory.mktemp("classes")
    sources = sorted(str(path) for path in Path(__file__).parent.glob("*.groovy"))
    compiler = "org.codehaus.groovy.tools.FileSystemCompiler"
    subprocess.run(["java", "-cp", jars, compiler, "-d", str(classes), *sources], check=True)

    def run(program: str, *given: Path) -> Any:
        command = ["java", "-cp", f"{jars}:{classes}", program, *map(str, given)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
