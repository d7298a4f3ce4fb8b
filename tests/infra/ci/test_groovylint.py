"""The Jenkinsfile as npm-groovy-lint wants it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_the_jenkinsfile_has_no_warning(tmp_path: Path) -> None:
    lint = ROOT / "infra/ci/groovylint.sh"
    done = subprocess.run([lint], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "Jenkinsfile"
    bad.write_text((ROOT / "Jenkinsfile").read_text() + "\ndef unused = new Date()\n")
    assert subprocess.run([lint, bad], capture_output=True).returncode == 1
