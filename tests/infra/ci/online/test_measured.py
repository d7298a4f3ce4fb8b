"""What nights measured is found where it stands: in the newest report, in git, in tags, in sums."""

import shutil
from pathlib import Path

import pytest

from infra.ci.online.measured import nights, releases, report_of
from infra.repository import git
from movierec.errors import BadInput
from tests.infra.ci.online.nights import WINDOW, begin, day_name, night


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:
    """The project, to change."""
    shutil.copytree(project, tmp_path / "copy")
    return tmp_path / "copy"


def test_releases_of_all_nights_are_found_in_the_order_of_their_days(project: Path) -> None:
    names = [f"{kind}@v1.{step}.0" for step in range(4) for kind in ("svd", "svdpp")]
    assert [one.name for one in releases(project)] == names
    assert len(report_of(project)["models"]) == 2 * WINDOW, "the report has the newest alone"


def test_a_release_has_what_users_did_and_what_its_tag_measured(project: Path) -> None:
    found = {one.name: one for one in releases(project)}
    first, last = found["svd@v1.0.0"], found["svd@v1.3.0"]
    assert first.conversion < 0.3 < last.conversion
    assert first.interval[0] < first.conversion < first.interval[1]
    assert (first.arm, first.users > 100) == ("svd", True)
    assert first.offline == {"rmse": 0.9, "recall": 0.3, "ndcg": 0.3}


def test_a_release_is_told_by_the_report_with_most_of_its_answers(copied: Path) -> None:
    before = {one.name: one.users for one in releases(copied)}
    models = {"svd": "svd@v1.3.0", "svdpp": "svdpp@v1.3.0"}
    night(copied, 4, models, dict.fromkeys(models.values(), 0.5))
    two = report_of(copied)["models"]["svd@v1.3.0"]
    assert two["first_day"] != two["last_day"]
    night(copied, 5, {"svd": "svd@x", "svdpp": "svdpp@x"}, {"svd@x": 0.5, "svdpp@x": 0.5})
    found = {one.name: one for one in releases(copied)}
    assert found["svd@v1.3.0"].conversion == two["conversion"]
    assert found["svd@v1.0.0"].users == before["svd@v1.0.0"]
    assert found["svd@x"].offline is None, "no tag has its name"


def test_a_release_that_was_taken_back_keeps_what_it_measured(copied: Path) -> None:
    git(copied, "tag", "--annotate", "--message", "taken back", "svd@v1.0.0!")
    assert releases(copied)[0].offline is not None


def test_a_night_knows_the_days_up_to_it(project: Path) -> None:
    [(arms, found)] = nights(project).items()
    assert arms == ("svdpp", "svd")
    assert [one.day for one in found] == [day_name(2), day_name(3)]
    assert found[-1].high - found[-1].low < found[0].high - found[0].low
    told = report_of(project)["experiment"]["comparisons"][0]
    assert (found[-1].low, found[-1].high) == pytest.approx((told["low"], told["high"]), abs=1e-5)


def test_before_the_first_night_there_is_nothing(tmp_path: Path) -> None:
    assert releases(begin(tmp_path)) == []
    assert nights(tmp_path) == {}


def test_a_report_that_git_has_and_is_none_is_named(copied: Path) -> None:
    (copied / "metrics/online.json").write_text("<<<<<<<")
    git(copied, "commit", "--quiet", "--all", "--message", "A conflict")
    git(copied, "checkout", "--quiet", "HEAD~1", "--", "metrics/online.json")
    with pytest.raises(BadInput, match=r"metrics/online\.json is no JSON"):
        releases(copied)


def test_a_report_that_was_removed_for_a_while_is_no_error(copied: Path) -> None:
    git(copied, "rm", "--quiet", "metrics/online.json")
    git(copied, "commit", "--quiet", "--message", "Remove it")
    git(copied, "checkout", "--quiet", "HEAD~1", "--", "metrics/online.json")
    assert len(releases(copied)) == 8


def test_sums_that_are_not_there_are_named(copied: Path) -> None:
    shutil.rmtree(copied / "data/online/days" / day_name(3))
    with pytest.raises(BadInput, match=day_name(3)):
        nights(copied)
