"""The model of a tag: from the DVC remote, and no other than that tag's dvc.lock says."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.release.documents import yaml_at
from infra.release.tag import Tag
from infra.repository import attempt, environment
from infra.transfer.command import dvc
from movierec.errors import BadInput, CorruptFile, Unavailable

REMEDY = "tag a commit of this project whose `dvc repro` ended well"
LOAD = """
import json, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from movierec.errors import UserError
from movierec.models.modelfile import load_model
try:
    model = load_model(Path(sys.argv[1]))
except UserError as error:
    sys.exit(f"{error}")
print(json.dumps({"kind": model.manifest["kind"], "data_hash": model.data_hash}))
"""


@dataclass(frozen=True)
class Locked:
    """What a dvc.lock says of a folder."""

    path: str
    """In the repository."""
    md5: str
    """Of the list of its files, as DVC makes it."""


def locked_model(repository: Path, tag: Tag) -> Locked:
    """The model that a tag stands for. Raises BadInput when its dvc.yaml or dvc.lock have none."""
    artifacts = yaml_at(repository, tag.commit, tag.name, "dvc.yaml", REMEDY).get("artifacts") or {}
    if tag.kind not in artifacts:
        raise BadInput(f"{tag.name}: no `{tag.kind}` among the `artifacts` of its dvc.yaml")
    path = artifacts[tag.kind]["path"]
    lock = yaml_at(repository, tag.commit, tag.name, "dvc.lock", REMEDY)
    for stage in (lock.get("stages") or {}).values():
        for out in stage.get("outs", []):
            if out["path"] == path and out.get("md5", "").endswith(".dir"):
                return Locked(path, out["md5"])
    raise BadInput(
        f"{tag.name}: no {path} among the outputs in its dvc.lock; tag a commit whose `dvc repro` "
        f"trained it"
    )


def fetch(repository: Path, tag: Tag, locked: Locked, target: Path) -> None:
    """Bring a tag's model to `target`, which is not there yet.

    Raises Unavailable when DVC cannot get it, CorruptFile when what it got is something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = dvc("get", address_of(repository), locked.path)
    done = subprocess.run(
        [*command, "--rev", tag.commit, "--out", str(target.resolve())],
        cwd=target.parent,  # and in no repository whose settings or cache would count
        env=environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if re.match("ERROR|error", line)]
        raise Unavailable(
            f"{tag.name}: DVC does not get {locked.path} ({'; '.join(errors)}); `dvc push "
            f"{locked.path}` from where it was trained, or see `dvc remote list`"
        )
    if (got := md5_of_folder(target)) != locked.md5:
        raise CorruptFile(
            f"{tag.name}: {locked.path} is {got}, its dvc.lock says {locked.md5}: the DVC remote "
            f"(or .dvc/cache) holds a damaged file of it; remove that, and "
            f"`dvc push {locked.path}` from where it was trained"
        )


def address_of(repository: Path) -> str:
    """What to call a repository, for DVC: of a bare one's folder it would take the settings of the
    DVC repository that is around it, as the project is around `.demo/releases`."""
    asked = attempt(repository, "rev-parse", "--is-bare-repository")
    place = repository.resolve()
    return place.as_uri() if asked.stdout.strip() == b"true" else str(place)


def md5_of_folder(folder: Path) -> str:
    """What DVC calls a folder of these files."""
    return md5_of_listing(
        {
            path.relative_to(folder).as_posix(): hashlib.md5(
                path.read_bytes(), usedforsecurity=False
            ).hexdigest()
            for path in folder.rglob("*")
            if not path.is_dir()
        }
    )


def md5_of_listing(files: Mapping[str, str]) -> str:
    """The MD5 of the list of a folder's files (its paths to their MD5s), as DVC writes it."""
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    text = json.dumps(entries, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"


def data_hash_of(tag: Tag, model: Path, code: Path) -> str:
    """The hash of the data that a model was trained on, when it loads by the tag's own code.

    Raises CorruptFile when it does not, or is of another kind than its tag says.
    """
    command = [sys.executable, "-I", "-B", "-c", LOAD, str(model), str(code / "stages"), str(code)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise CorruptFile(
            f"{tag.name}: its model does not load by its own code: {why.replace(str(model), '')}; "
            f"train and tag another version"
        )
    told = json.loads(done.stdout)
    if told["kind"] != tag.kind:
        raise CorruptFile(
            f"{tag.name}: its model is of the kind {told['kind']}; tag another version"
        )
    return str(told["data_hash"])
