"""Take back what an evaluation that was killed had made and not committed: it is made again.

    python -m infra.ci.unfinished        # of the project in the current folder

Ends with 2 where that would take something of somebody else's along: what is staged besides, or
what was trained and is in dvc.lock. The days to be judged stay.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.ci.repro.written import KEPT, TEMPORARY, is_torn
from infra.release.pipeline import LOCK
from infra.release.planned import is_of_release
from infra.repository import attempt, git
from movierec.cli import run
from movierec.errors import BadInput
from movierec.yamlfile import parse_yaml

WINDOW = "data/online/window.yaml"
MADE = (LOCK, "metrics/online", "metrics/online.json")
"""By the evaluation, from the days of WINDOW."""
REMEDY = "`git checkout HEAD -- dvc.lock` takes it back"


def main(arguments: list[str]) -> int:
    """Leave the files as they are in HEAD."""
    parser = argparse.ArgumentParser(prog="unfinished", description=(__doc__ or "").split("\n")[0])
    parser.parse_args(arguments)
    work = Path()
    refuse_others(work)
    refuse_training(work)
    git(work, "reset", "--quiet", "--", WINDOW, *MADE)
    if changed := names(work, "diff", "--name-only", "-z", "HEAD", "--", *MADE):
        git(work, "checkout", "--quiet", "HEAD", "--", *changed)
    git(work, "clean", "--quiet", "--force", "-d", "--", *MADE)
    return 0


def refuse_others(work: Path) -> None:
    """Raises BadInput when anything is staged that no evaluation makes."""
    besides = [f":(exclude){path}" for path in (WINDOW, *MADE)]
    if staged := names(work, "diff", "--cached", "--name-only", "-z", "--", ".", *besides):
        raise BadInput(f"{staged[0]}: it is staged; commit that, or take it back")


def refuse_training(work: Path) -> None:
    """Raises BadInput when dvc.lock, or what is staged of it, has a stage of a release otherwise
    than HEAD."""
    committed = attempt(work, "show", f"HEAD:{LOCK}").stdout
    for text, where in locks(work):
        if text != committed and trained(text, where) != trained(committed, f"HEAD:{LOCK}"):
            raise BadInput(f"{where}: not as in HEAD: register what was trained, or take it back")


def locks(work: Path) -> Iterator[tuple[bytes, str]]:
    """What dvc.lock says, and where: staged; and in the work tree, or before a kill tore that."""
    yield attempt(work, "show", f":{LOCK}").stdout, f"{LOCK}, staged"
    lock, kept = work / LOCK, work / TEMPORARY / KEPT
    if lock.exists():
        yield (kept if is_torn(lock) and kept.exists() else lock).read_bytes(), LOCK


def trained(text: bytes, where: str) -> dict[str, Any]:
    """The stages of a release in a dvc.lock, which may be none."""
    stages = parse_yaml(text, Path(where), REMEDY).get("stages") if text else None
    return {name: stage for name, stage in (stages or {}).items() if is_of_release(name)}


def names(work: Path, *arguments: str) -> list[str]:
    """Paths that git prints."""
    return [name for name in git(work, *arguments).split("\0") if name]


if __name__ == "__main__":
    run(main)
