"""A tag's model is the one of its dvc.lock, from the remote, and loads; or it is refused."""

import shutil
from pathlib import Path

import pytest
import yaml

from infra.release.package import Locked, data_hash_of, fetch, locked_model, md5_of_folder
from infra.release.tag import resolve
from movierec.errors import BadInput, CorruptFile, Unavailable
from movierec.sealed import seal, unseal
from tests.infra.release.tagged import run, tag

pytestmark = pytest.mark.slow
NAME = "svd@v1.0.0"


def got(project: Path, target: Path, name: str = NAME) -> Locked:
    """Fetch the model of a tag."""
    found = resolve(project, name)
    locked = locked_model(project, found)
    fetch(project, found, locked, target)
    return locked


def change(project: Path, name: str, what: str, value: object) -> None:
    """Set or, with None, remove a key of a YAML file."""
    document = yaml.safe_load((project / name).read_text())
    document.pop(what)
    if value is not None:
        document[what] = value
    (project / name).write_text(yaml.safe_dump(document))


def test_it_has_the_files_and_the_hash_of_the_lock(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "new/model"
    locked = got(project, target)
    given = project.parent / "given"
    assert locked == Locked("models/svd", md5_of_folder(given))
    names = [path.name for path in given.iterdir()]
    assert sorted(names) == sorted(path.name for path in target.iterdir())
    assert all((target / name).read_bytes() == (given / name).read_bytes() for name in names)
    assert data_hash_of(resolve(project, NAME), target, project) == "hash"


def test_it_needs_no_model_cache_or_remote_of_the_work_tree(project: Path, tmp_path: Path) -> None:
    run(tmp_path, "git", "clone", "--quiet", "--bare", str(project), "bare.git")
    shutil.rmtree(project)
    assert got(tmp_path / "bare.git", tmp_path / "model").path == "models/svd"


def test_a_bare_repository_inside_another_project(project: Path, tmp_path: Path) -> None:
    """As `.demo/releases` is in this one, whose remote has nothing of it."""
    run(tmp_path, "git", "init", "--quiet", "around")
    around = tmp_path / "around"
    run(around, "dvc", "init", "--quiet")
    run(around, "dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "empty"))
    run(around, "git", "clone", "--quiet", "--bare", str(project), "bare.git")
    assert got(around / "bare.git", tmp_path / "model").path == "models/svd"


@pytest.mark.parametrize(
    ("name", "key", "value", "refused"),
    [
        ("dvc.yaml", "artifacts", None, "no `svd` among the `artifacts` of its dvc.yaml"),
        ("dvc.yaml", "artifacts", {"svd": {"path": "models/x"}}, "no models/x among the outputs"),
        ("dvc.lock", "stages", {}, "no models/svd among the outputs in its dvc.lock; tag a commit"),
    ],
)
def test_a_tag_without_a_model(
    project: Path, name: str, key: str, value: object, refused: str
) -> None:
    change(project, name, key, value)
    tag(project, "svd@v1.1.0")
    with pytest.raises(BadInput, match=f"svd@v1.1.0: {refused}"):
        locked_model(project, resolve(project, "svd@v1.1.0"))


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock"])
def test_a_tag_without_a_pipeline(project: Path, name: str) -> None:
    (project / name).unlink()
    tag(project, "svd@v1.1.0")
    with pytest.raises(BadInput, match=f"svd@v1.1.0: no {name} in it; tag a commit"):
        locked_model(project, resolve(project, "svd@v1.1.0"))


def test_a_remote_without_the_data(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project.parent / "store")
    with pytest.raises(Unavailable, match=r"DVC does not get models/svd .*`dvc push models/svd`"):
        got(project, tmp_path / "model")


def objects(project: Path) -> list[Path]:
    """The files' of the remote, the greatest first."""
    found = [p for p in (project.parent / "store").rglob("*") if p.is_file()]
    return sorted(found, key=lambda path: -path.stat().st_size)


def test_a_byte_that_changed_on_the_remote_and_the_way_out(project: Path, tmp_path: Path) -> None:
    """DVC itself believes what a remote gives it."""
    damaged = objects(project)[0]
    content = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CorruptFile, match=r"its dvc.lock says .*; remove that, and `dvc push"):
        got(project, tmp_path / "model")
    damaged.unlink()
    run(project, "dvc", "repro", "--quiet", "--force")
    run(project, "dvc", "push", "--quiet", "models/svd")
    got(project, tmp_path / "again")


def test_a_folders_hash_tells_names_and_files_apart(project: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("x", "y"):
        (tmp_path / "a" / name).write_text(name)
    first = md5_of_folder(tmp_path / "a")
    (tmp_path / "a/x").rename(tmp_path / "a/z")
    renamed = md5_of_folder(tmp_path / "a")
    (tmp_path / "a/more").touch()
    assert len({first, renamed, md5_of_folder(tmp_path / "a")}) == 3


def test_a_package_that_does_not_load_by_the_tags_own_code(project: Path, tmp_path: Path) -> None:
    found, target = resolve(project, NAME), tmp_path / "model"
    got(project, target)
    (target / "users.npy").unlink()
    with pytest.raises(CorruptFile, match=r"does not load by its own code: .*users\.npy: missing"):
        data_hash_of(found, target, project)
    (project / "stages/movierec/models/modelfile.py").write_text("raise ImportError('of the tag')")
    with pytest.raises(CorruptFile, match="ImportError: of the tag"):
        data_hash_of(found, target, project)


def test_a_model_of_another_kind_than_its_tag(project: Path, tmp_path: Path) -> None:
    """What a person gets who names the wrong folder in dvc.yaml."""
    change(project, "dvc.yaml", "artifacts", {"svdpp": {"path": "models/svd"}})
    tag(project, "svdpp@v1.0.0")
    got(project, tmp_path / "model", "svdpp@v1.0.0")
    with pytest.raises(CorruptFile, match=r"svdpp@v1\.0\.0: its model is of the kind svd"):
        data_hash_of(resolve(project, "svdpp@v1.0.0"), tmp_path / "model", project)


def test_a_manifest_whose_seal_is_broken(project: Path, tmp_path: Path) -> None:
    got(project, tmp_path / "model")
    path = tmp_path / "model/manifest.json"
    document, _ = unseal(path.read_bytes())
    assert path.read_bytes() == seal(document)
    path.write_bytes(path.read_bytes().replace(b'"hash"', b'"hush"'))
    with pytest.raises(CorruptFile, match=r"sha256 is not that of its content"):
        data_hash_of(resolve(project, NAME), tmp_path / "model", project)
