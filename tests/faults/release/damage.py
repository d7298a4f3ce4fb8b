"""Objects that are not what they are called by: in the cache, on the remote, before and after."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from infra.release import register
from infra.release.package import fetch, locked_model
from infra.release.tag import Tag, resolve
from movierec.errors import UserError
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.faults.release.state import files_of
from tests.infra.release.project import Project


def flip(path: Path) -> None:
    """One bit of its first byte."""
    whole = path.read_bytes()
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


WAYS: dict[str, Callable[[Path], None]] = {
    "a bit flipped": flip,
    "a byte shorter": truncate,
    "empty": empty,
    "removed": Path.unlink,
}


def in_cache(bed: Bed) -> Outcome:
    """Each object of DVC's cache, in each way; then put back."""
    return each(bed, "an object of the cache damaged or removed", lambda p: p.work / ".dvc/cache")


def on_remote(bed: Bed) -> Outcome:
    """Each object of the remote, in each way, when all was pushed and nothing tagged yet."""
    pushed = bed.project()
    bed.run(pushed, before=fails_to_commit)
    assert files_of(pushed.store), "all is pushed"
    return each(bed, "an object of the remote damaged or removed", lambda p: p.store, pushed)


def fails_to_commit() -> None:
    """End this process when all is pushed and proved."""

    def end(*given: object) -> None:
        raise SystemExit(9)

    vars(register)["commit"] = end


def each(
    bed: Bed, fault: str, place: Callable[[Project], Path], of: Project | None = None
) -> Outcome:
    """Damage, release, put back, release again."""
    outcome = Outcome(fault)
    source = of or bed.trained
    names = [path.relative_to(place(source)) for path in files_of(place(source))]
    cases = [(name, way) for name in names for way in WAYS]
    for name, way in cases[:: bed.pick(15, 1)]:
        project = bed.project(source)
        path = place(project) / name
        whole, mode = path.read_bytes(), path.stat().st_mode
        path.chmod(0o644)
        WAYS[way](path)
        ended = bed.run(project)
        outcome.tried += 1
        when = f"{name}: {way}"
        bed.look(outcome, project, when)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.chmod(0o644)
        path.write_bytes(whole)
        path.chmod(mode)
        bed.recover(outcome, project, when, ended)
    return outcome


def served(bed: Bed) -> Outcome:
    """Each object of a released model, damaged on the remote afterwards: an image gets none of it,
    and `verify` names it."""
    outcome = Outcome("an object of a release damaged: never in an image")
    done = bed.project(bed.done)
    shutil.rmtree(done.work / ".dvc/cache")  # the remote alone has the data
    for name in bed.names:
        tag = resolve(done.work, name)
        files = model_files(done, locked_model(done.work, tag).md5)
        for path, way in list(itertools.product(files, WAYS))[:: bed.pick(5, 1)]:
            give_out(bed, outcome, done, tag, path, way)
    return outcome


def give_out(bed: Bed, outcome: Outcome, done: Project, tag: Tag, path: Path, way: str) -> None:
    """Damage an object of a release, ask for its model as an image does, put it back."""
    whole, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    WAYS[way](path)
    when = f"{tag.name}: {path.name} {way}"
    outcome.tried += 1
    try:
        locked = locked_model(done.work, tag)
        fetch(done.work, tag, locked, done.folder / f"image-{outcome.tried}")
        outcome.wrong += 1
        outcome.note(f"{when}: given to an image")
    except UserError:
        pass
    verified = bed.run(done, "verify")
    path.write_bytes(whole)
    path.chmod(mode)
    if verified.status != 1 or path.name not in verified.output:
        outcome.note(f"{when}: verify says {verified.output}")
    elif bed.run(done, "verify").status == 0:
        outcome.recovered += 1


def model_files(project: Project, md5: str) -> list[Path]:
    """The list of a folder on the remote, and its files."""
    place = project.store / "files/md5"
    listed = place / md5[:2] / md5[2:]
    entries = json.loads(listed.read_text())
    return [listed, *(place / e["md5"][:2] / e["md5"][2:] for e in entries)]
