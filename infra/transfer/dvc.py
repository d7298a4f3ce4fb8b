"""`dvc`, ended when what it transfers stands still (TRANSFER_SECONDS).

python -m infra.transfer.dvc push --quiet …

Exit status: DVC's; 2 when it was ended.
"""

from dvc.cli import main as dvc

from infra.transfer.still import moving
from movierec.cli import run


def main(arguments: list[str]) -> int:
    """Run DVC with these arguments; its status."""
    with moving(lambda: f"dvc {' '.join(arguments)}"):
        status: int = dvc(arguments)
    return status


if __name__ == "__main__":
    run(main)
