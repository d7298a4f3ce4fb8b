"""What DVC's cache and its remote really hold: every object read again, and its hash taken."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_objects.errors import ObjectDBError

from infra.release.leftovers import mend_rwlock
from infra.release.planned import is_of_release
from infra.transfer.still import moving
from movierec.errors import CorruptFile, Unavailable

BLOCK = 1 << 20
AT_ONCE = 8
"""Objects that are read at the same time: a remote behind a network takes its time for each."""
MISSING = "missing"
DAMAGED = "damaged"
FOLDER = ".dir"
"""How the names end of objects that list the files of a folder."""


class Objects:
    """A place that keeps content by its MD5, DVC's cache or its remote; remembers what it read.

    Everything raises Unavailable, with the place, when it cannot be had or lets nobody in.
    """

    def __init__(self, place: Any, name: str) -> None:
        self.place = place
        self.name = name
        self.wrong: dict[str, str | None] = {}
        """Of each object that was read, what is wrong with it, or None."""
        self.bytes = 0
        self.looked: list[str] = []
        """What `_fault` came to the end of."""

    def where(self, object_: str) -> str:
        """The path or URL of an object."""
        return str(self.place.fs.unstrip_protocol(self.place.oid_to_path(object_))).removeprefix(
            "local://"
        )

    def faults(self, outs: Mapping[str, str]) -> dict[str, str]:
        """object → missing or damaged, of all that these outputs (path → MD5) consist of.

        What a folder consists of is known when its list can be read; else that alone is named.
        """
        self._examine(outs.values())
        objects = set(self.files_in(outs).values())
        self._examine(objects)
        return {o: why for o in sorted(objects) if (why := self.wrong[o]) is not None}

    def files_in(self, outs: Mapping[str, str]) -> dict[str, str]:
        """path → object, of outputs and of the files in folders, as far as `faults` found them."""
        found: dict[str, str] = {}
        for path, object_ in outs.items():
            found[path] = object_
            if object_.endswith(FOLDER) and self.wrong[object_] is None:
                files = self.files_of(object_)
                found.update({f"{path}/{name}": md5 for name, md5 in files.items()})
        return found

    def count(self, outs: Mapping[str, str]) -> int:
        """Of how many objects these outputs consist, as far as `faults` found them."""
        return len(set(self.files_in(outs).values()))

    def files_of(self, folder: str) -> dict[str, str]:
        """path → MD5 of the files in a folder."""
        return {entry["relpath"]: str(entry["md5"]) for entry in json.loads(self.read(folder))}

    def read(self, object_: str) -> bytes:
        """A small object. Raises CorruptFile when its content is another."""
        with reached(self.name), moving(lambda: f"{self.name}, {self.where(object_)}"):
            try:
                content: bytes = self.place.fs.cat_file(self.place.oid_to_path(object_))
            except FileNotFoundError:
                raise Unavailable(
                    f"{self.name}: {self.where(object_)} is missing; `dvc push` in a clone that "
                    f"has it, of the commit that names it, brings it there"
                ) from None
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != object_.removesuffix(FOLDER):
            raise CorruptFile(f"{self.where(object_)} is damaged; remove it and `dvc push` again")
        return content

    def forget(self, what: str) -> None:
        """Read those again next time that were missing, or damaged."""
        self.wrong = {object_: why for object_, why in self.wrong.items() if why != what}

    def _examine(self, objects: Iterable[str]) -> None:
        """Read what was not read yet."""
        new = sorted(set(objects) - self.wrong.keys())
        self.looked.clear()
        told = f"{self.name}, read back as far as {{}} of {len(new)} objects"
        with moving(lambda: told.format(len(self.looked))), ThreadPoolExecutor(AT_ONCE) as readers:
            self.wrong.update(zip(new, readers.map(self._fault, new), strict=True))

    def _fault(self, object_: str) -> str | None:
        try:
            return self._wrong_in(object_)
        finally:
            self.looked.append(object_)

    def _wrong_in(self, object_: str) -> str | None:
        digest = hashlib.md5(usedforsecurity=False)
        path = self.place.oid_to_path(object_)
        with reached(self.name):
            try:
                with self.place.fs.open(path, "rb") as file:
                    while block := file.read(BLOCK):
                        digest.update(block)
                        self.bytes += len(block)
            except FileNotFoundError:
                return MISSING
            except FlexibleChecksumError:  # S3's own, which comes before ours
                return DAMAGED
        return None if digest.hexdigest() == object_.removesuffix(FOLDER) else DAMAGED


class Storage:
    """A project's DVC: its cache, its remote, and what may be done with them."""

    def __init__(self, root: Path, remote: str | None = None) -> None:
        """Raises Unavailable when there is no such remote, or when DVC finds it around `root`."""
        with reached(f"DVC in {root}"):
            self.dvc = Repo(str(root))
            mend_rwlock(Path(self.dvc.tmp_dir))
            found = self.dvc.cloud.get_remote_odb(remote, "push")
            self.used = str(remote or self.dvc.config["core"]["remote"])
        if Path(self.dvc.root_dir).resolve() != root.resolve():
            raise Unavailable(
                f"{root} is no DVC project, and {self.dvc.root_dir} around it is another: name a "
                f"clone with a work tree by --repo"
            )
        self.cache = Objects(self.dvc.cache.local, "DVC's cache")
        self.remote = Objects(found, f"the DVC remote `{self.used}`")

    def folder(self) -> Path | None:
        """Where a remote is that is a folder here; None for any other."""
        place = self.remote.place
        return Path(place.path).parents[1] if place.fs.protocol == "local" else None

    def clear_begun(self, outs: Mapping[str, str]) -> None:
        """Remove from a remote that is a folder what an upload that was killed left there under its
        last name: the beginning of an object that the cache, asked before, has whole."""
        if self.folder() is None:
            return
        for object_, why in self.remote.faults(outs).items():
            if why != DAMAGED or self.cache.wrong.get(object_, MISSING) is not None:
                continue
            begun = Path(self.remote.place.oid_to_path(object_))
            if (
                Path(self.cache.place.oid_to_path(object_))
                .read_bytes()
                .startswith(begun.read_bytes())
            ):
                begun.unlink()
        self.remote.forget(DAMAGED)

    def stale(self) -> list[str]:
        """Stages of a release that `dvc repro` would run again, but for raw days that have
        expired."""
        with reached("DVC"):
            told: dict[str, list[Any]] = self.dvc.status()
        stale = [name for name, changes in told.items() if any(map(_counts, changes))]
        names = (name.split(":")[-1] for name in stale)  # some come with dvc.yaml's path
        return sorted(filter(is_of_release, names))

    def push(self, outs: Mapping[str, str]) -> None:
        """Bring what these outputs consist of to the remote; there, and of the cache, `faults` was
        asked before.

        `dvc push` does it, from what it remembers of the remote; what is missing there all the
        same is put there again. A remote that stands still ends this process (infra.transfer).
        """
        pushed = f"{self.remote.name}, in the push of {self.cache.count(outs)} objects"
        with moving(lambda: pushed):
            self._push(outs)

    def _push(self, outs: Mapping[str, str]) -> None:
        with reached(self.remote.name), logged() as said:
            try:
                self.dvc.push(remote=self.used)
            except DvcException as error:  # counts what failed; why, it logs
                raise Unavailable(f"{self.remote.name}: {error}: {'; '.join(said[:1])}") from None
        self.remote.forget(MISSING)
        for _ in range(2):  # lists of folders, which say what else there should be; then files
            for object_, why in self.remote.faults(outs).items():
                if why == MISSING:
                    self._put(object_)
            self.remote.forget(MISSING)

    def _put(self, object_: str) -> None:
        """Bring an object from the cache, where that has it."""
        cache = self.cache.place
        with reached(self.remote.name):
            if cache.exists(object_):
                path = cache.oid_to_path(object_)
                self.remote.place.add(path, cache.fs, object_, check_exists=False)


def _counts(change: Any) -> bool:
    """Whether something changed that is more than a raw day that is no longer there."""
    if isinstance(change, dict) and set(change) == {"changed deps"}:
        return any(what != "deleted" for what in change["changed deps"].values())
    return True


@contextmanager
def logged() -> Iterator[list[str]]:
    """What DVC logs as an error: it goes here and nowhere else."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reason = record.exc_info[1] if record.exc_info else None
            said.append(f"{record.getMessage()}{f' ({reason})' if reason else ''}")

    loggers = [logging.getLogger(name) for name in ("dvc", "dvc_data", "dvc_objects")]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [Listener(logging.ERROR)], False
    try:
        yield said
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate


@contextmanager
def reached(name: str) -> Iterator[None]:
    """Turns what DVC and storages raise into Unavailable, in one line that says whose it is."""
    try:
        yield
    except (DvcException, ObjectDBError, OSError, BotoCoreError, ClientError) as error:
        said = "; ".join(dict.fromkeys(_words(error)))
        raise Unavailable(
            f"{name}: {said}; see that it is there, and .dvc/config and .dvc/config.local for its "
            f"address and credentials; then run this again"
        ) from None


def _words(error: BaseException) -> Iterator[str]:
    """What an error says, and those that it came from."""
    at: BaseException | None = error
    while at is not None:
        yield f"{at}".strip() or type(at).__name__
        at = at.__cause__ or at.__context__
