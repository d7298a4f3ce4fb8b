"""Answers made again by a release: its model, fetched once and kept, and its own code.

The code is what the release's image holds (context), taken from git each time. It runs in a child
process that lives as long as it is asked, and imports nothing of today's but the libraries.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.release.context import code_of, extract
from infra.release.package import fetch, locked_model, md5_of_folder
from infra.release.tag import Tag
from infra.repository import git
from movierec.errors import BadInput, CorruptFile

ROOT = Path(__file__).resolve().parents[2]
CACHE = "movierec-models"
"""In a repository's git folder: models by their hash, whichever tags have them."""
ASKED = "serve/service/again.py"
CHILD = """
import sys
sys.path[:0] = sys.argv[3:]
from movierec.errors import UserError
from serve.service.again import main
try:
    main(*sys.argv[1:3])
except UserError as error:
    sys.exit(f"{error}")
"""


class Maker:
    """One model and one code, asked line by line. Use it as a context: it is a process."""

    def __init__(self, name: str, model: Path, code: Path, *, why: bool) -> None:
        self.name, self.model, self.code, self.why = name, model, code, why
        self.manifest: dict[str, Any] = {}
        """`kind`, `hyperparameters`, `uptake` and `data_hash` of the model."""
        self._stack = ExitStack()

    def __enter__(self) -> "Maker":
        """Start it. Raises BadInput or CorruptFile when this code cannot be asked, or refuses the
        model."""
        if not (self.code / ASKED).is_file():
            raise BadInput(
                f"{self.name}: its code has no {ASKED}, so it cannot make an answer again; run its "
                f"service (`git checkout`, `dvc pull`) and ask that"
            )
        with ExitStack() as stack:
            errors = self._errors = stack.enter_context(tempfile.TemporaryFile())
            command = [sys.executable, "-I", "-B", "-c", CHILD, str(self.model)]
            command += ["why" if self.why else "", str(self.code / "stages"), str(self.code)]
            self._process = stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
            )
            self.manifest = self._said()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(BrokenPipeError):  # a line for a child that died is left over
            self._stack.close()  # its stdin ends, and so does the child, which is waited for

    def answer(self, line: bytes) -> dict[str, Any]:
        """What `serve.service.again` says of a served line (without its newline)."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._broken() from None
        return self._said()

    def _said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._broken()
        said: dict[str, Any] = json.loads(line)
        return said

    def _broken(self) -> CorruptFile:
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines()
        why = (words or ["it says nothing"])[-1]
        return CorruptFile(f"{self.name}: its own code makes no answer of its model: {why}")


def model_of(repository: Path, tag: Tag, cache: Path) -> Path:
    """The folder of a tag's model, in `cache`, where it is verified whenever it is taken.

    A copy that differs is thrown away and fetched anew. Raises as `package.fetch`.
    """
    locked = locked_model(repository, tag)
    place = cache / locked.md5
    if place.is_dir():
        if md5_of_folder(place) == locked.md5:
            return place
        shutil.rmtree(place)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".draft-") as folder:
        fetch(repository, tag, locked, Path(folder) / "model")
        try:
            (Path(folder) / "model").rename(place)
        except OSError:  # another brought it meanwhile
            if md5_of_folder(place) != locked.md5:
                raise
    return place


def code_in(repository: Path, tag: Tag, folder: Path) -> Path:
    """The tag's code, as its image has it, in the empty `folder`."""
    extract(repository, tag, code_of(repository, tag), folder)
    return folder


def cache_of(repository: Path) -> Path:
    """Where a repository's models are kept by default."""
    folder = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    return Path(folder) / CACHE
