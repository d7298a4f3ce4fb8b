"""The commit that gives users to another arm has what it must, and stands on what others pushed."""

import difflib
from pathlib import Path

import pytest

from infra.kubernetes.render import FOLDER, HEAD, RENDERED, digest
from infra.release.acting.committing import Move, change, params_with, push, routing_at
from infra.release.origin import Origin, Overtaken
from infra.repository import git
from infra.router.weights import read_weights
from movierec.errors import BadInput
from movierec.routing import Routing
from tests.infra.release.acting.acts import PARAMS, committed
from tests.infra.release.project import Project
from tests.infra.release.shop import somebody

ROOT = Path(__file__).resolve().parents[4]
EVEN = Routing("1", {"svd": 50.0, "svdpp": 50.0})
MOVED = Routing("1", {"svd": 10.0, "svdpp": 90.0})
MOVE = Move(EVEN, MOVED, "online evaluation until 2026-11-24 says so", "2026-11-26")
FILES = ["infra/kubernetes/rendered.yaml", "infra/kubernetes/router/routing.json", "params.yaml"]


def test_of_the_project_s_params_two_values_are_others_and_not_a_letter_more() -> None:
    text = (ROOT / "params.yaml").read_text()
    changed = difflib.unified_diff(text.splitlines(), params_with(text, MOVE).splitlines(), n=0)
    lines = [line for line in changed if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line for line in lines if line[0] == "-"] == [
        next(f"-{line}" for line in text.splitlines() if line.startswith('  since: ""')),
        "-  weights: {svd: 50, svdpp: 50}",
    ]
    since, weights = (line for line in lines if line[0] == "+")
    assert since.startswith('+  since: "2026-11-26"') and "the first day of the weights" in since
    assert weights == "+  weights: {svd: 10, svdpp: 90}"


def test_the_project_s_files_for_the_cluster_are_as_if_rendered(tmp_path: Path) -> None:
    """kubectl is not where a build is: the one text that changes is put in the other's place."""
    for path in [ROOT / "params.yaml", *FOLDER.rglob("*.yaml"), *FOLDER.rglob("*.json")]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    change(tmp_path, MOVE)
    folder = tmp_path / FOLDER.relative_to(ROOT)
    assert read_weights(folder / "router/routing.json") == MOVED
    rendered = (folder / "rendered.yaml").read_text()
    assert rendered.startswith(HEAD.format(digest(folder))) and digest(folder) != digest()
    back = rendered.replace('"svd": 10, "svdpp": 90', '"svd": 50, "svdpp": 50')
    assert back != rendered and back.splitlines()[1:] == RENDERED.read_text().splitlines()[1:]


def pushed(sold: Project) -> Origin:
    """The origin of a project whose branch has these files."""
    committed(sold, {})
    return Origin(sold.work, "origin", "main")


def test_the_commit_has_these_files_and_no_others(sold: Project) -> None:
    origin = pushed(sold)
    sold.write("params.yaml", "half an edit")
    sold.write("another", "not committed")
    git(sold.work, "add", "another")
    made = push(origin, MOVE)
    assert git(sold.origin, "rev-parse", "main").strip() == made
    told = git(sold.origin, "show", "--name-only", "--format=%s%n%b", made).split("\n")
    subject, _, *names = (line for line in told if line)
    assert (subject, names) == ("Give svdpp more users", FILES)
    assert routing_at(sold.origin, made) == MOVED
    assert (sold.work / "params.yaml").read_text() == "half an edit", "the work tree is nobody's"
    assert git(sold.work, "diff", "--cached", "--name-only").split() == ["another"]
    assert push(origin, MOVE) == made, "it is there already"


def test_who_pushed_meanwhile_is_taken_up(sold: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = pushed(sold)
    other = somebody(sold)
    fetch = Origin.fetch

    def fetch_and_lose(self: Origin) -> dict[str, str]:
        refs = fetch(self)
        monkeypatch.setattr(Origin, "fetch", fetch)
        (other / "README").write_text("somebody's")
        git(other, "add", "README")
        git(other, "commit", "--quiet", "--message", "Somebody was first")
        git(other, "push", "--quiet")
        return refs

    monkeypatch.setattr(Origin, "fetch", fetch_and_lose)
    made = push(origin, MOVE)
    assert git(sold.origin, "log", "-2", "--format=%s", made).split("\n")[:2] == [
        "Give svdpp more users",
        "Somebody was first",
    ]


def test_who_changed_the_routing_meanwhile_is_right(sold: Project) -> None:
    origin = pushed(sold)
    sold.write("params.yaml", PARAMS.replace("svd: 50", "svd: 40"))
    sold.commit("Change the weights")
    git(sold.work, "push", "--quiet")
    with pytest.raises(Overtaken, match="somebody changed the routing meanwhile"):
        push(origin, MOVE)


@pytest.mark.parametrize("names", [FILES[:1], FILES[:2]], ids=["rendered", "both"])
def test_files_that_are_not_of_params_yaml_are_to_be_mended(
    sold: Project, names: list[str]
) -> None:
    origin = pushed(sold)
    for name in names:
        sold.write(name, (sold.work / name).read_text().replace("50}", "49}"))
    sold.commit("Forget the others")
    git(sold.work, "push", "--quiet")
    with pytest.raises(BadInput, match=r"routing\.json or .* is not of params\.yaml"):
        push(origin, MOVE)
