"""What is promoted is in production for GTO as for us, once, whoever else promotes."""

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from gto.api import assign, show

from infra.release import promote
from infra.release.origin import Origin
from infra.release.production import in_production
from infra.repository import git
from tests.infra.release.project import Project
from tests.infra.release.shop import somebody

ONE, TWO = "svd@v1.0.0", "svd@v1.1.0"


def stage_tags(project: Project) -> list[str]:
    """Those that the origin has."""
    return git(project.origin, "tag", "--list", "*#*").split()


def by_gto(project: Project) -> str | None:
    """The version of svd that GTO itself takes to be in production, by what the origin has."""
    found = show(str(project.origin))["svd"]["stage"].get("prod")
    return str(found["version"]) if isinstance(found, dict) else found and str(found)


def promoted(project: Project, *names: str) -> None:
    for name in names:
        done = project.release("promote", name)
        assert done.status == 0, done


def test_gto_reads_what_is_promoted(sold: Project) -> None:
    done = sold.release("promote", ONE)
    assert (done.status, done.output) == (
        0,
        "svd@v1.0.0: in production by svd#prod#1, before: nothing\n",
    )
    assert stage_tags(sold) == ["svd#prod#1"]
    assert (by_gto(sold), in_production(sold.work, "svd")) == ("v1.0.0", ONE)
    assert in_production(sold.origin, "svdpp") is None
    commit = git(sold.origin, "rev-parse", f"{ONE}^{{commit}}")
    assert git(sold.origin, "rev-parse", "svd#prod#1^{commit}") == commit


def test_a_tag_is_as_gto_writes_it(sold: Project) -> None:
    promoted(sold, ONE)
    assign(str(sold.work), "svdpp", "prod", version="v1.0.0")
    form = "--format=%(objecttype) %(contents)"
    ours, theirs = (git(sold.work, "tag", "--list", form, f"{k}#*") for k in ("svd", "svdpp"))
    assert git(sold.work, "tag", "--list", "svdpp#*").split() == ["svdpp#prod#1"]
    assert theirs.split()[0] == "tag" and "Assigning stage prod" in theirs
    assert ours.strip() == theirs.strip().replace("svdpp", "svd")


def test_it_is_promoted_once(sold: Project) -> None:
    promoted(sold, ONE)
    tag = git(sold.origin, "rev-parse", "svd#prod#1")
    again = sold.release("promote", ONE)
    assert (again.status, "by svd#prod#1; all is done" in again.output) == (0, True), again
    assert (stage_tags(sold), git(sold.origin, "rev-parse", "svd#prod#1")) == (["svd#prod#1"], tag)
    assert git(sold.work, "rev-parse", "svd#prod#1") == tag
    clone = sold.folder / "clone"  # of whoever has no tag of it yet
    git(sold.folder, "clone", "--quiet", "--no-tags", str(sold.origin), str(clone))
    assert promote.main([ONE, "--repo", str(clone)]) == 0
    assert stage_tags(sold) == ["svd#prod#1"]


def test_ten_comes_after_nine_and_gaps_stay(sold: Project) -> None:
    git(sold.work, "tag", "-a", "-m", "by hand", "svd#prod#9", f"{ONE}^{{commit}}")
    git(sold.work, "tag", "-a", "-m", "by hand", "svd#prod#2", f"{TWO}^{{commit}}")
    git(sold.work, "push", "--quiet", "--tags")
    assert in_production(sold.work, "svd") == ONE
    promoted(sold, TWO, "svd@v1.2.0")
    assert {"svd#prod#10", "svd#prod#11"} < {*stage_tags(sold)}
    assert (by_gto(sold), in_production(sold.work, "svd")) == ("v1.2.0", "svd@v1.2.0")


def test_other_tags_count_for_nothing(sold: Project) -> None:
    promoted(sold, ONE)
    for name in ("svd#prod", "svd#prod#x", "svd#prod#7x", "svd#dev#4", "svd#prod#5#6", "svd#"):
        git(sold.work, "tag", "-a", "-m", "by hand", name, f"{TWO}^{{commit}}")
    git(sold.work, "tag", "svd#prod#5", f"{TWO}^{{commit}}")  # GTO sees no lightweight one
    git(sold.work, "commit", "--quiet", "--allow-empty", "--message", "Of no release")
    git(sold.work, "tag", "-a", "-m", "by hand", "svd#prod#6", "HEAD")
    git(sold.work, "push", "--quiet", "--tags")
    assert in_production(sold.work, "svd") == ONE
    promoted(sold, TWO)
    assert "svd#prod#7" in stage_tags(sold), "after all numbers that are taken"
    assert in_production(sold.work, "svd") == TWO


def test_what_gto_takes_out_is_out_and_comes_back_when_told(
    sold: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(sold, ONE, TWO)
    with monkeypatch.context() as later:
        later.setenv("GIT_COMMITTER_DATE", "2099-01-01T00:00:00Z")
        message = "Unassigning stage prod of artifact svd version v1.1.0"  # as GTO has it
        git(sold.work, "tag", "-a", "-m", message, "svd#prod!#3", f"{TWO}^{{commit}}")
    git(sold.work, "push", "--quiet", "--tags")
    assert stage_tags(sold) == ["svd#prod!#3", "svd#prod#1", "svd#prod#2"]
    assert (by_gto(sold), in_production(sold.work, "svd")) == ("v1.0.0", ONE)
    refused = sold.release("promote", TWO)
    assert (refused.status, "--again puts it back" in refused.output) == (1, True), refused
    assert sold.release("promote", TWO, "--again").status == 0
    assert "svd#prod#4" in stage_tags(sold)
    assert (by_gto(sold), in_production(sold.work, "svd")) == ("v1.1.0", TWO)


def test_a_clock_that_is_behind_does_not_mislead_gto(
    sold: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(sold, ONE)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    promoted(sold, TWO)
    assert (by_gto(sold), in_production(sold.work, "svd")) == ("v1.1.0", TWO)


def test_two_releases_at_one_commit_are_told_apart(sold: Project) -> None:
    """As when a release was taken back and the same commit is released under another number."""
    git(sold.work, "tag", "-a", "-m", "another", "svd@v1.9.0", f"{ONE}^{{commit}}")
    git(sold.work, "push", "--quiet", "--tags")
    promoted(sold, ONE)
    assert in_production(sold.work, "svd") == ONE
    promoted(sold, "svd@v1.9.0")
    assert in_production(sold.work, "svd") == "svd@v1.9.0"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("svd", "is no release: expected"),
        ("svd@1.0.0", "is no release: expected"),
        ("svd@v7.0.0", "no tag svd@v7.0.0 of a commit"),
        ("svd@v1.2.0", "svd@v1.2.0 was taken back"),
        ("svd@v8.0.0", "svd@v8.0.0 is a tag here and not in origin"),
    ],
)
def test_what_is_no_release_of_the_origin_is_refused(sold: Project, name: str, why: str) -> None:
    if name == "svd@v1.2.0":
        git(sold.work, "tag", "-a", "-m", "bad", "svd@v1.2.0!", "svd@v1.2.0^{commit}")
        git(sold.work, "push", "--quiet", "origin", "svd@v1.2.0!")
    if name == "svd@v8.0.0":
        git(sold.work, "tag", "-a", "-m", "by hand", name)
    done = sold.release("promote", name)
    assert (done.status, why in done.output, "Traceback" in done.output) == (2, True, False), done
    assert stage_tags(sold) == []


def test_a_stage_tag_that_is_only_here_is_named(sold: Project) -> None:
    promoted(sold, ONE)
    assign(str(sold.work), "svd", "prod", version="v1.3.0")
    done = sold.release("promote", TWO)
    assert (done.status, "svd#prod#2 is a tag here and not in origin" in done.output) == (2, True)
    git(sold.work, "tag", "--delete", "svd#prod#2")
    promoted(sold, TWO)


def meanwhile(project: Project, name: str) -> Callable[[], None]:
    """Have somebody else promote when this one has asked the origin what it has."""
    other, fetch = somebody(project), Origin.fetch

    def then_another(origin: Origin) -> dict[str, str]:
        refs = fetch(origin)
        Origin.fetch = fetch  # type: ignore[method-assign]
        assert promote.main([name, "--repo", str(other)]) == 0
        return refs

    def before() -> None:
        Origin.fetch = then_another  # type: ignore[method-assign]

    return before


def test_of_two_at_once_one_is_first(sold: Project) -> None:
    done = sold.release("promote", TWO, before=meanwhile(sold, ONE))
    said = "svd@v1.0.0 came into production meanwhile"
    assert (done.status, said in done.output) == (3, True), done
    assert (stage_tags(sold), in_production(sold.origin, "svd")) == (["svd#prod#1"], ONE)


def test_two_at_once_of_the_same_are_one(sold: Project) -> None:
    done = sold.release("promote", TWO, before=meanwhile(sold, TWO))
    assert (done.status, "by svd#prod#1; all is done" in done.output) == (0, True), done
    assert (stage_tags(sold), in_production(sold.origin, "svd")) == (["svd#prod#1"], TWO)


def test_an_origin_that_is_gone_is_one_line(sold: Project, tmp_path: Path) -> None:
    sold.origin.rename(tmp_path / "away")
    done = sold.release("promote", ONE)
    assert (done.status, done.output.count("\n"), "ls-remote" in done.output) == (2, 1, True), done


@pytest.mark.slow
def test_killed_before_any_call_it_is_finished_by_the_next(sold: Project, tmp_path: Path) -> None:
    for call in itertools.count():
        copy = sold.copy(tmp_path / f"killed-{call}")
        died = copy.release("promote", ONE, die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        assert copy.release("promote", ONE).status == 0
        assert stage_tags(copy) == ["svd#prod#1"], call
        assert in_production(copy.work, "svd") == in_production(copy.origin, "svd") == ONE
        if died.status == 0:
            break
    assert call == 4, "fetch, mktag, push, update-ref"
