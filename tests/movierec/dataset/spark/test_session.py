"""A session is there or says what it lacks, and nothing of it is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inputs.java import QUICK

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
ROOT = Path(__file__).parents[4]
START = """
import sys
from movierec.cli import refuse
from movierec.dataset.spark.session import session
from movierec.errors import BadInput
try:
    with session() as spark:
        print(spark.conf.get("spark.sql.session.timeZone"), spark.range(9).count())
        raise ZeroDivisionError
except BadInput as error:
    sys.exit(refuse(error))
except ZeroDivisionError:
    print(spark.sparkContext._jsc is None)
"""


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    home = {"PYTHONPATH": str(ROOT / "stages"), "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", START]
    return subprocess.run(command, env=home | environment, capture_output=True, text=True)


def test_a_session_ends_with_its_block_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, **QUICK)
    assert (done.stdout, done.returncode) == ("UTC 9\nTrue\n", 0), done.stderr
    assert " WARN " not in done.stderr
    assert not list(tmp_path.glob("movierec-spark-*"))


def test_without_java_it_says_what_to_install(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "tr", "env", "python3"):
        found = next(Path(p, name) for p in ("/usr/bin", "/bin") if Path(p, name).exists())
        (tools / name).symlink_to(found)
    done = run(tmp_path, PATH=str(tools))
    assert done.returncode == 2 and "it needs Java 17" in done.stderr.splitlines()[-1]
