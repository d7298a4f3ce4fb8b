"""DVC, as it is and ended when it stands still, from folders that have nothing of this project."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.transfer.command import dvc

pytestmark = pytest.mark.slow


def ended(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """How DVC ended there."""
    done = subprocess.run(
        dvc(*arguments), cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_it_does_what_dvc_does_and_ends_as_it_does(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/transfer.py").write_text("not this")
    assert ended(tmp_path, "init", "--quiet", "--no-scm") == (0, "", "")
    assert ended(tmp_path, "config", "core.remote", "gone")[0] == 0
    status, _, said = ended(tmp_path, "push", PYTHONPATH=str(tmp_path))
    assert status and said.startswith("ERROR")


def test_a_wrong_limit_is_named(tmp_path: Path) -> None:
    status, _, said = ended(tmp_path, "version", TRANSFER_SECONDS="0")
    assert (status, said) == (
        2,
        "error: TRANSFER_SECONDS must be a whole number from 1 to 7200, got '0'",
    )
