"""What an image's program imports is in the image: seen without building one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
COPY = re.compile(r"^COPY (?!--from)((?:stages|serve|infra)/.+) (\S+)$", re.MULTILINE)
PROGRAM = re.compile(r'^CMD \["python", "-m", "([a-z.]+)"\]$', re.MULTILINE)
OURS = ("movierec", "serve", "infra")
CODE = """
import importlib, sys
importlib.import_module(sys.argv[1])
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in sys.argv[2:] and module.__file__:
        print(module.__file__)
"""


def copied(dockerfile: str, folder: Path) -> None:
    """Put what a Dockerfile copies of this project where it would be, from `folder` on."""
    for names, target in COPY.findall(dockerfile):
        for name in names.split():
            for path in ROOT.glob(name):
                place = folder / target / path.name if target.endswith("/") else folder / target
                place.parent.mkdir(parents=True, exist_ok=True)
                if path.is_dir():
                    shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(path, place)


@pytest.mark.parametrize("name", ["collector", "router", "serve"])
def test_an_image_has_all_that_its_program_imports(name: str, tmp_path: Path) -> None:
    dockerfile = (ROOT / f"infra/docker/{name}.Dockerfile").read_text()
    copied(dockerfile, tmp_path)
    program = PROGRAM.findall(dockerfile)[-1]
    package = program if program.startswith("infra") else f"{program}.__main__"
    done = subprocess.run(
        [sys.executable, "-c", CODE, package, *OURS],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{tmp_path}/stages"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # What is installed for development must not stand in for what is missing.
    assert {path for path in done.stdout.split() if not path.startswith(f"{tmp_path}/")} == set()
    assert f"{tmp_path}/{program.replace('.', '/')}" in done.stdout
