"""What messages advise when a file of DVC's is damaged: each way out is gone, by real DVC."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from movierec.arrays import MANIFEST, RESTORE, read_folder, write_folder
from movierec.errors import BadInput, CorruptFile

pytestmark = pytest.mark.slow

MAKE = """stages:
  make:
    cmd: "{python} make.py"
    outs: [out]
"""
PROGRAM = """
from pathlib import Path
import numpy as np
from movierec.arrays import write_folder
write_folder(Path("out"), {"a": np.arange(50)}, {})
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose `out` is made, kept by DVC and pushed to a remote."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "expected", {"a": np.arange(50)}, {})
    Path("dvc.yaml").write_text(MAKE.format(python=sys.executable))
    Path("make.py").write_text(PROGRAM)
    Path("remote").mkdir()
    for words in ("git init -q", "dvc init -q", "dvc remote add -d store remote", "dvc repro"):
        run(words)
    run("dvc push")
    return tmp_path


def run(words: str, *, good: bool = True) -> None:
    done = subprocess.run(words, shell=True, capture_output=True, text=True, env={**os.environ})
    assert (done.returncode == 0) is good, done.stdout + done.stderr


def damage(*, cached: bool) -> None:
    """A byte of the array's file, and of the object that DVC keeps for it."""
    content = Path("out/a.npy").read_bytes()
    objects = [p for p in Path(".dvc/cache/files").rglob("*") if p.is_file()]
    [kept] = [path for path in objects if path.read_bytes() == content]
    for path in [Path("out/a.npy"), *([kept] if cached else [])]:
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(content[:-1] + b"\x7f")
        path.chmod(mode)
    with pytest.raises(CorruptFile, match=re.escape(RESTORE)):
        read_folder(Path("out"))


def commands() -> list[str]:
    """Those that the message names, in its order."""
    return re.findall(r"`(.*?)`", RESTORE)


@pytest.mark.parametrize("cached", [False, True])
def test_with_a_remote(workspace: Path, cached: bool) -> None:
    damage(cached=cached)
    writable, pull, _ = commands()
    run(writable)
    run(pull)
    assert_whole()


@pytest.mark.parametrize("cached", [False, True])
def test_without_a_remote(workspace: Path, cached: bool) -> None:
    Path("remote").rename("gone")
    damage(cached=cached)
    writable, _, repro = commands()
    run(writable)
    run(repro)
    assert_whole()


def test_checkout_alone_gives_the_damaged_file_out_again(workspace: Path) -> None:
    """Why the message does not advise it: what DVC keeps is read-only, and so believed."""
    damage(cached=True)
    run("dvc checkout --force")
    with pytest.raises(CorruptFile):
        read_folder(Path("out"))


@pytest.mark.parametrize("gone", ["out", f"out/{MANIFEST}"])
def test_what_is_missing(workspace: Path, gone: str) -> None:
    for advised in ("dvc pull --force", "dvc repro"):
        run(f"rm -r {gone}")
        with pytest.raises(BadInput, match=r"no such .*run `dvc repro` or `dvc pull --force`"):
            read_folder(Path("out"))
        run(advised)
        assert_whole()


def assert_whole() -> None:
    """As it was made; also what DVC keeps."""
    for _ in range(2):
        for path in Path("expected").iterdir():
            assert (Path("out") / path.name).read_bytes() == path.read_bytes()
        run("rm -r out")
        run("dvc checkout")
