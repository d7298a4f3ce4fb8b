"""dvc.lock, as one `dvc repro` would have written it, whoever of several came first.

DVC adds a stage that is new at the end, in place of the whole file, and not at once: who is killed
then leaves half of it. So a copy is kept while stages run. The next run finds it when this one was
killed: it puts back what was torn, and knows which stages are new.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dvc.utils.serialize import (
    YAMLFileCorruptedError,
    dumps_yaml,
    parse_yaml,
    parse_yaml_for_update,
)

from movierec.errors import Unavailable
from movierec.files import write_text

TEMPORARY = Path(".dvc/tmp")
"""DVC's own, of a project."""
KEPT = "dvc.lock.before"


@contextmanager
def only_one(temporary: Path) -> Iterator[None]:
    """Hold the lock of a project's folder `.dvc/tmp`, which the kernel takes back. Raises
    Unavailable when somebody has it."""
    temporary.mkdir(parents=True, exist_ok=True)
    with (temporary / "movierec-repro.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"{file.name}: stages run here already; wait for their end") from None
        yield


def begin(lock: Path, temporary: Path) -> None:
    """Keep a copy, or, when the run that made one was killed, mend what it left by that."""
    kept = temporary / KEPT
    if not kept.exists():
        write_text(kept, lock.read_text(encoding="utf-8") if lock.exists() else "")
    elif lock.exists() and is_torn(lock):
        print("repro: dvc.lock was torn by a run that was killed: it is as before that")
        if text := kept.read_text(encoding="utf-8"):
            _replace(lock, text, temporary)
        else:
            lock.unlink()


def settle(lock: Path, temporary: Path, order: Sequence[str]) -> None:
    """Bring the stages that are new since `begin` into an order, and forget the copy."""
    kept = temporary / KEPT
    if lock.exists():
        text = lock.read_text(encoding="utf-8")
        known = _names(kept.read_text(encoding="utf-8"), kept)
        places = {name: place for place, name in enumerate(order) if name not in known}
        names = _names(text, lock)
        new = sorted((name for name in names if name in places), key=lambda name: places[name])
        wanted = [name for name in names if name not in places] + new
        if wanted != names:
            document = parse_yaml_for_update(text, str(lock))
            for name in wanted:
                document["stages"].move_to_end(name)
            _replace(lock, dumps_yaml(document), temporary)
    kept.unlink()


def is_torn(lock: Path) -> bool:
    """Whether its writer did not come to the end of a line, or of what makes YAML."""
    text = lock.read_text(encoding="utf-8")
    try:
        parse_yaml(text, str(lock))
    except YAMLFileCorruptedError:
        return True
    return not text.endswith("\n")


def _names(text: str, path: Path) -> list[str]:
    return list(parse_yaml(text, str(path)).get("stages", {}))


def _replace(lock: Path, text: str, temporary: Path) -> None:
    draft = temporary / "dvc.lock.draft"
    draft.write_text(text, encoding="utf-8")
    draft.replace(lock)
