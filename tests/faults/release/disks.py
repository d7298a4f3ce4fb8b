"""Disks that are full: the remote's and one's own; real ENOSPC, from a small disk in memory."""

import shutil
from pathlib import Path

from tests.faults.disks import fill, tmpfs
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.infra.release.project import Project

PAGE = 4096  # a tmpfs gives whole pages
PAGES = [0, 1, 2, 3, 5, 8, 11, 13, 16, 20, 30, 60]
FREE_INODES = "nr_inodes=400"


def remote_full(bed: Bed) -> Outcome:
    """The remote has place for so many objects; later for all."""
    outcome = Outcome("the remote's disk is full, later freed")
    for pages in PAGES[: 8 : bed.pick(3, 1)]:
        project = bed.project()
        with tmpfs(project.store):
            tried(bed, outcome, project, project.store, pages)
    return outcome


def own_full(bed: Bed) -> Outcome:
    """Repository, cache, remote and origin are on a disk with so little left; later more."""
    outcome = Outcome("the own disk is full, later freed")
    for pages in PAGES[:: bed.pick(4, 1)]:
        folder = bed.folder / f"disk-{pages}"
        with tmpfs(folder):
            project = bed.project(folder=folder / "project")
            tried(bed, outcome, project, folder, pages)
    return outcome


def tried(bed: Bed, outcome: Outcome, project: Project, disk: Path, pages: int) -> None:
    """Leave so many pages, release, give the place back, release again."""
    fill(disk, pages * PAGE)
    when = f"{pages} pages left"
    ended = bed.run(project)
    outcome.tried += 1
    bed.look(outcome, project, when)
    (disk / "filler").unlink()
    bed.recover(outcome, project, when, ended)
    shutil.rmtree(project.folder, ignore_errors=True)
