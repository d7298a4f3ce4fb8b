"""The scale of a table: given, or the table's own where that is likely one."""

from pathlib import Path

import pytest

from infra.simulator.rating_scale import check_scale, described_scale, scale_of
from infra.simulator.ratings_file import RatingsFile, read_ratings
from infra.simulator.table.options import Wanted
from infra.simulator.table.values import Zeros
from movierec.errors import BadInput

IMPLICIT = Wanted(zeros=Zeros.IMPLICIT)


@pytest.fixture
def rated(tmp_path: Path):
    """A table with these ratings, a line each."""

    def write(*ratings: str, wanted: Wanted = Wanted()) -> RatingsFile:  # noqa: B008
        path = tmp_path / "ratings.dat"
        path.write_text("".join(f"1::{n}::{rating}\n" for n, rating in enumerate(ratings)))
        return read_ratings(path, wanted)

    return write


def test_a_rating_off_the_scale_is_named_with_the_file_s_own(rated) -> None:
    found = rated("7", "0")
    check_scale(found, 0, 10)
    with pytest.raises(BadInput, match=r"line 1.*: rating 7 .*0 to 5: .*from 0 to 7: --scale LOW"):
        check_scale(found, 0, 5)
    with pytest.raises(BadInput, match=r"line 1.*: rating 7 .*nan to 10"):
        check_scale(found, float("nan"), 10)
    with pytest.raises(BadInput, match=r"line 2.*: rating 0 .*or --zeros implicit"):
        check_scale(rated("5", "0"), 1, 5)
    with pytest.raises(BadInput, match="no row has a rating"):
        check_scale(rated("0", wanted=IMPLICIT), 1, 5)


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        (["4", "1", "5", "1"], (1, 5)),
        (["0.5", "5", "3.5"], (0.5, 5)),
        (["1", "2"], (1, 2)),
        (["10", "1", "4", "7"], (1, 10)),
        (["1", "2", "9"], (1, 9)),
        (["1", "2", "9"] * 30 + ["50"], (1, 50)),
        (["3", "4", "5"] * 30 + ["1"], (1, 5)),
        (["4", "5"] * 100 + ["1"], (1, 5)),
        (["3", "4", "5"] * 30 + ["50"], (3, 50)),
    ],
)
def test_a_table_s_own_scale_is_its_lowest_and_highest_rating(rated, ratings, scale) -> None:
    assert scale_of(rated(*ratings)) == scale


def test_what_is_watched_alone_has_no_part_in_it(rated) -> None:
    found = rated("0", "8", "3", "8", "-1", wanted=IMPLICIT)
    assert scale_of(found) == (3, 8)
    assert "scale: 3 to 8, the file's lowest rating (of 1 rows) and its highest (of 2)" in (
        described_scale(found)
    )


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (["5", "5"], r"ratings\.dat: all ratings are 5, which is no scale: --scale LOW HIGH"),
        (["3", "0", "10"], r"line 2, .*: 0 may be the lowest.*--scale 0 10, .*--zeros implicit"),
        (
            ["3", "5", "50", "4"] + ["4"] * 96,
            r"line 3.* 50 is far.*3 to 5: .*--scale 3 50",
        ),
        (
            ["8", "9", "10", "1"] + ["8"] * 96,
            r"line 4.* 1 is far.*8 to 10: .*--scale 1 10",
        ),
    ],
    ids=["one rating", "a zero", "one far above", "one far below"],
)
def test_what_is_likely_no_scale_is_refused_with_the_remedy(rated, ratings, reason) -> None:
    with pytest.raises(BadInput, match=reason):
        scale_of(rated(*ratings))


def test_a_table_without_ratings_has_none(rated) -> None:
    with pytest.raises(BadInput, match="no row has a rating"):
        scale_of(rated("0", wanted=IMPLICIT))
