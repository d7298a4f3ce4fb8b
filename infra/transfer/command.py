"""How another folder's DVC is run, so that it is ended when it stands still (TRANSFER_SECONDS)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import sys
sys.path[:0] = sys.argv[1:3]
del sys.argv[1:3]
from infra.transfer.dvc import main
from movierec.cli import run
run(main)
"""


def dvc(*arguments: str) -> list[str]:
    """A command line of `python -m infra.transfer.dvc`, of this code, wherever it is run, and
    whatever Python's variables name there."""
    return [sys.executable, "-I", "-c", BEGIN, str(ROOT), str(ROOT / "stages"), *arguments]
