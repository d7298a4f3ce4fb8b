"""The stand-in for Jenkins, compiled, and a project for it to build."""

import subprocess
from pathlib import Path

import pytest

from tests.infra.ci.jenkinsfile.scratch import ROOT, Scratch


@pytest.fixture(scope="session")
def classpath(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the stand-in, made of the Groovy files here."""
    jars = subprocess.run(
        [ROOT / "infra/ci/groovy.sh"], capture_output=True, check=True, text=True
    ).stdout.strip()
    classes = tmp_path_factory.mktemp("classes")
    sources = sorted(str(path) for path in Path(__file__).parent.glob("*.groovy"))
    compiler = "org.codehaus.groovy.tools.FileSystemCompiler"
    subprocess.run(["java", "-cp", jars, compiler, "-d", str(classes), *sources], check=True)
    return f"{jars}:{classes}"


@pytest.fixture(scope="session")
def begun(classpath: str, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Never changed, only copied."""
    scratch = Scratch(tmp_path_factory.mktemp("scratch"), classpath)
    scratch.begin()
    return scratch


@pytest.fixture
def scratch(begun: Scratch, tmp_path: Path) -> Scratch:
    """A project that Jenkins has not built yet."""
    return begun.copy(tmp_path / "scratch")


@pytest.fixture
def quick(scratch: Scratch) -> Scratch:
    """That, with nothing that takes its time."""
    return scratch.quick()
