"""A release: what is in it, what keeps it from coming about, and that it is done once."""

import errno
import itertools
import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dvc_objects.fs.local import LocalFileSystem
from gto.api import show

from infra.release.alone import alone
from infra.release.origin import Origin
from infra.release.production import put
from infra.release.record import RECORD
from infra.release.tag import resolve
from infra.repository import attempt, git
from movierec.yamlfile import parse_yaml
from tests.infra.release.project import Project

ROOT = Path(__file__).resolve().parents[3]
FIRST = ["svd@v1.0.0", "svdpp@v1.0.0"]


def assert_nothing_released(trained: Project) -> None:
    assert trained.tags() == []
    assert git(trained.origin, "rev-list", "--count", "main").strip() == "1"
    assert git(trained.work, "tag", "--list") == ""


def assert_released_once(trained: Project, tags: list[str]) -> None:
    """The origin has these tags and a branch that is theirs, here as there, and no more."""
    assert trained.tags() == tags
    head = git(trained.origin, "rev-parse", "main")
    for tag in tags:
        assert git(trained.origin, "rev-parse", f"{tag}^{{commit}}") == head
        assert git(trained.work, "rev-parse", tag) == git(trained.origin, "rev-parse", tag)
    assert git(trained.work, "rev-parse", "HEAD") == head
    assert git(trained.origin, "rev-list", "--count", "main").strip() == "2"
    assert git(trained.work, "status", "--porcelain") == ""


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """A file with a byte that is not its own, for a while."""
    whole, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    path.chmod(mode)
    yield
    path.chmod(0o644)
    path.write_bytes(whole)
    path.chmod(mode)


def test_what_the_pipeline_writes_into_git_is_what_a_release_commits() -> None:
    """Else a release would refuse to be made after `dvc repro`, or a clone would lack it."""
    stages = parse_yaml((ROOT / "dvc.yaml").read_bytes(), Path("dvc.yaml"), "")["stages"]
    bodies = [stage.get("do", stage) for stage in stages.values()]
    outs = [out for body in bodies for kind in ("outs", "metrics") for out in body.get(kind, [])]
    in_git = [name for out in outs if isinstance(out, dict) for name in out]
    assert "reports/drift.json" in in_git
    for name in in_git:
        assert any(name == path or name.startswith(f"{path}/") for path in RECORD), name
        assert attempt(ROOT, "check-ignore", "--no-index", "-q", name).returncode == 1, name


def test_a_release_has_all_and_is_made_once(trained: Project) -> None:
    done = trained.release("register")
    assert (done.status, "svd@v1.0.0: released (the first one)" in done.output) == (0, True), done
    assert_released_once(trained, FIRST)
    shown = git(trained.origin, "show", "--stat=200", "--format=%s", "main")
    for name in ("dvc.lock", "metrics/svd.json", "metrics/svdpp.json"):
        assert name in shown
    again = trained.release("register")
    assert (again.status, again.output.count("released before, all is done")) == (0, 2), again
    assert_released_once(trained, FIRST)


def test_a_tag_says_what_it_holds_and_gto_reads_it(trained: Project) -> None:
    assert trained.release("register").status == 0
    assert {
        a: list(v["version"].values()) if isinstance(v["version"], dict) else v["version"]
        for a, v in show(str(trained.work)).items()
    } == {"svd": "v1.0.0", "svdpp": "v1.0.0"}
    told = git(trained.work, "tag", "--list", "--format=%(contents)", FIRST[0])
    subject, card = told.split("\n\n", 1)
    assert subject == "Registering artifact svd version v1.0.0"
    said = parse_yaml(card.encode(), Path("card"), "")
    assert said["window"] == ["2026-11-01", "2026-11-02"]
    assert said["params"] == {"n": 4}
    assert said["metrics"] == json.loads((trained.work / "metrics/svd.json").read_text())
    lock = (trained.work / "dvc.lock").read_text()
    assert said["hashes"]["model"] in lock


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_before_any_call_it_is_finished_by_the_next(
    trained: Project, tmp_path: Path
) -> None:
    for call in itertools.count():
        copy = trained.copy(tmp_path / f"killed-{call}")
        died = copy.release("register", die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        if not copy.tags():
            assert_nothing_released(copy)
            trained = copy  # which the next one finds as this one left it
            continue
        assert copy.tags() == FIRST, "half-released"
        again = copy.release("register")
        assert again.status == 0, (call, again)
        assert_released_once(copy, FIRST)
        if died.status == 0:
            break
    assert call == 13


@pytest.mark.slow
def test_what_the_gate_refuses_is_not_released(trained: Project) -> None:
    trained.judge(svd=False, svdpp=False)
    trained.commit("Judge")
    trained.repro()
    none = trained.release("register")
    assert (none.status, "svd: refused by the gate: bad RMSE" in none.output) == (1, True), none
    assert trained.tags() == []
    trained.judge(svd=False, svdpp=True)
    trained.commit("Judge")
    trained.repro()
    one = trained.release("register")
    assert (one.status, "svd: refused by the gate: bad RMSE" in one.output) == (0, True), one
    assert trained.tags() == ["svdpp@v1.0.0"]


def test_only_what_was_committed_and_run_is_released(trained: Project) -> None:
    def refused(why: str) -> None:
        done = trained.release("register")
        assert (done.status, why in done.output) == (2, True), done
        assert "Traceback" not in done.output
        assert_nothing_released(trained)

    trained.write("stages/train.sh", (trained.work / "stages/train.sh").read_text() + "\n")
    refused("stages/train.sh: not as in HEAD")
    git(trained.work, "commit", "--quiet", "--all", "--message", "Change a stage")
    refused("stages/train.sh: dvc.lock says")
    git(trained.work, "reset", "--quiet", "--hard", "HEAD~1")
    trained.write("stages/code/b.txt", "one more")
    git(trained.work, "add", "stages/code")
    git(trained.work, "commit", "--quiet", "--message", "Change a folder")
    refused("stages/code: dvc.lock says")
    git(trained.work, "reset", "--quiet", "--hard", "HEAD~1")
    gate = trained.work / "reports/gate.json"
    gate.write_text(gate.read_text().replace("true", "true "))
    refused("reports/gate.json: dvc.lock says")


def test_params_that_were_not_run_are_not_released(trained: Project) -> None:
    trained.write("params.yaml", (trained.work / "params.yaml").read_text().replace("5", "6"))
    git(trained.work, "commit", "--quiet", "--all", "--message", "Change a parameter")
    done = trained.release("register")
    assert (done.status, "train@svdpp: not as dvc.lock says" in done.output) == (2, True), done
    assert_nothing_released(trained)


def test_code_that_git_does_not_have_is_not_released(trained: Project) -> None:
    git(trained.work, "rm", "--quiet", "--cached", "stages/train.sh")
    git(trained.work, "commit", "--quiet", "--message", "Forget a stage")
    done = trained.release("register")
    assert (done.status, "`git add stages/train.sh`" in done.output) == (2, True), done
    assert_nothing_released(trained)


@pytest.mark.slow
def test_no_object_may_be_damaged_in_the_cache(trained: Project) -> None:
    assert trained.release("register", die_before=6).status == -signal.SIGKILL, "all is pushed"
    names = [path.relative_to(trained.store) for path in trained.objects(trained.store)]
    assert len(names) == 11
    shutil.rmtree(trained.store)
    for name in names:
        path = trained.work / ".dvc/cache" / name
        with damaged(path):
            done = trained.release("register")
        assert (done.status, f"{path.parent.name}/{path.name}" in done.output) == (2, True), done
        assert_nothing_released(trained)
        assert not trained.objects(trained.store), "what is damaged reached the remote"
    assert trained.release("register").status == 0


@pytest.mark.slow
def test_no_object_may_be_damaged_or_missing_on_the_remote(trained: Project) -> None:
    assert trained.release("register", die_before=6).status == -signal.SIGKILL, "before commit-tree"
    objects = trained.objects(trained.store)
    assert len(objects) == 11
    for path in objects:
        with damaged(path):
            done = trained.release("register")
        assert (done.status, f"{path.name} is damaged" in done.output) == (2, True), done
        assert_nothing_released(trained)
    for path in objects:
        if not path.name.endswith(".dir"):  # those are there, so DVC takes it that their files are
            path.unlink()
    assert trained.release("register").status == 0
    assert trained.objects(trained.store) == objects
    assert_released_once(trained, FIRST)


@pytest.mark.parametrize("length", [0, 7])
def test_what_a_killed_upload_began_on_the_remote_is_made_anew(
    trained: Project, length: int
) -> None:
    assert trained.release("register", die_before=6).status == -signal.SIGKILL, "all is pushed"
    for path in trained.objects(trained.store):
        begun = path.read_bytes()[:length]
        path.chmod(0o644)
        path.write_bytes(begun)
    assert trained.release("register").status == 0
    assert trained.release("verify").output.count(" 11     11  whole") == 2
    assert_released_once(trained, FIRST)


@pytest.mark.slow
def test_what_is_missing_everywhere_is_named(trained: Project) -> None:
    shutil.rmtree(trained.work / ".dvc/cache")
    shutil.rmtree(trained.work / "models/svd")
    done = trained.release("register")
    assert (done.status, "Traceback" in done.output) == (2, False), done
    assert_nothing_released(trained)


@pytest.mark.slow
def test_a_remote_that_is_gone_gets_no_second_beginning(trained: Project) -> None:
    assert trained.release("register").status == 0
    shutil.rmtree(trained.store)
    done = trained.release("register")
    assert (done.status, "`store` is not there, and releases are" in done.output) == (2, True), done
    assert not trained.store.exists()


@pytest.mark.slow
def test_a_remote_without_the_release_before_is_told_which(trained: Project) -> None:
    """As when the project moved to another remote."""
    assert trained.release("register").status == 0
    (trained.folder / "other").mkdir()
    settings = trained.work / ".dvc/config.local"
    settings.write_text("['remote \"store\"']\n    url = ../../other\n")
    trained.write("data/movielog/days/2026-11-02/lines", "other lines\n")
    trained.repro()
    done = trained.release("register")
    assert done.status == 2, done
    assert "svd@v1.0.0, the release before: " in done.output, done
    assert "is missing; `dvc push`" in done.output, done


def test_a_full_remote_holds_a_release_up(trained: Project) -> None:
    def fill() -> None:
        def put(self: LocalFileSystem, source: str, target: str, **_: object) -> None:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", target)

        LocalFileSystem.put_file = LocalFileSystem.copy = put

    done = trained.release("register", before=fill)
    assert (done.status, "Traceback" in done.output) == (2, False), done
    assert "No space left on device" in done.output
    assert_nothing_released(trained)


def test_two_at_once_one_is_refused(trained: Project) -> None:
    with alone(trained.work):
        done = trained.release("register")
    assert (done.status, "makes a release here" in done.output) == (2, True), done
    assert_nothing_released(trained)
    assert trained.release("register").status == 0


def test_who_comes_second_is_told_so(trained: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(trained.origin), str(other))
    (other / "theirs").write_text("first")
    git(other, "add", "theirs")
    name = ["-c", "user.name=O", "-c", "user.email=o@localhost"]
    git(other, *name, "commit", "--quiet", "--message", "Be first")
    git(other, "push", "--quiet")
    done = trained.release("register")
    assert (done.status, "somebody was first" in done.output) == (3, True), done
    assert trained.tags() == []
    git(trained.work, "pull", "--quiet", "--rebase", "--autostash")
    assert trained.release("register").status == 0
    assert trained.tags() == FIRST


def test_a_tag_that_is_only_here_is_no_release(trained: Project) -> None:
    git(trained.work, "tag", "--annotate", "--message", "by hand", "svd@v1.0.0")
    done = trained.release("register")
    assert (done.status, "svd@v1.0.0 is a tag here and not in" in done.output) == (2, True), done
    assert trained.tags() == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_number_says_what_changed(trained: Project) -> None:
    def next_ones() -> list[str]:
        before = set(trained.tags())
        done = trained.release("register")
        assert done.status == 0, done
        return sorted(set(trained.tags()) - before)

    def change_rank(old: int, new: int) -> None:
        text = (trained.work / "params.yaml").read_text()
        trained.write("params.yaml", text.replace(f"n_factors: {old}", f"n_factors: {new}"))
        git(trained.work, "commit", "--quiet", "--all", "--message", "Change the rank")
        trained.repro()

    assert next_ones() == FIRST
    trained.write("data/movielog/days/2026-11-02/lines", "other lines\n")
    trained.repro()
    assert next_ones() == ["svd@v1.0.1", "svdpp@v1.0.1"]
    change_rank(5, 6)
    assert next_ones() == ["svdpp@v1.1.0"], "the other one is what it was"
    change_rank(6, 5)
    assert next_ones() == [], "v1.0.1 has this content"
    git(trained.origin, "tag", "svdpp@v1.0.1!", resolve(trained.work, "svdpp@v1.0.1").commit)
    git(trained.work, "fetch", "--quiet", "--tags")
    assert next_ones() == [], "it was taken back, and comes not again under another number"
    change_rank(5, 7)
    assert next_ones() == ["svdpp@v1.2.0"], "no number is used twice"


def test_what_was_taken_back_stays_out_of_production(trained: Project) -> None:
    """Each night makes the same bytes again while nothing changes."""
    assert trained.release("register").status == 0
    for name in FIRST:
        git(trained.origin, "tag", f"{name}!", f"{name}^{{}}")
        done = trained.release("register")
        assert f"{name}: released before and taken back: stays out" in done.output, done
    assert done.status == 1
    assert trained.tags() == sorted(FIRST + [f"{name}!" for name in FIRST])


@pytest.mark.slow
def test_what_is_bad_but_for_its_data_stays_out_of_production(trained: Project) -> None:
    """The next night has another day, and the same parameters that users did worse with."""
    assert trained.release("register").status == 0
    text = (trained.work / "params.yaml").read_text()
    trained.write("params.yaml", text.replace("n_factors: 4", "n_factors: 9"))
    trained.commit("More factors")
    trained.repro()
    assert trained.release("register").status == 0
    for name in ("svd@v1.0.0", "svd@v1.1.0"):
        assert trained.release("promote", name).status == 0
    tag, why = resolve(trained.work, "svd@v1.0.0"), "users did worse"
    origin = Origin(trained.work, "origin")
    put(origin, origin.fetch(), tag, "svd@v1.1.0", why)

    trained.write("data/movielog/days/2026-11-02/lines", "lines of another night\n")
    trained.repro()
    bad = "but for data it is svd@v1.1.0, which users did worse with: stays out of production"
    done = trained.release("register")
    assert (done.status, f"svd@v1.1.1: released (other data); {bad}" in done.output) == (0, True)
    assert "svdpp@v1.0.1: released (other data)\n" in done.output
    done = trained.release("register")
    assert f"svd@v1.1.1: released before and {bad}" in done.output
    assert trained.release("promote", "svd@v1.1.1").status == 0, "a person decides"
    assert "svd@v1.1.1: released before, all is done" in trained.release("register").output
