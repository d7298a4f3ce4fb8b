"""IDENTICAL, DIFFERENT, or in words why nobody can say."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.release.judging import Explained, Verdict, explain
from infra.release.makers import Makers
from tests.infra.release.served import answered, found
from tests.inputs.packages import STRANGER, package


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("svd") / "m", "svd")


@pytest.fixture(scope="module")
def makers(svd: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Makers]:
    repository = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    with Makers(repository, None, svd, why=True) as makers:
        yield makers


def judged(line: bytes, makers: Makers, **said: Any) -> Explained:
    return explain(found(json.dumps(json.loads(line) | said).encode()), makers)


def movies(svd: Path, count: int) -> list[str]:
    """Ids of the model."""
    return list(json.loads(answered(svd, STRANGER))["ids"][:count])


@pytest.fixture(scope="module")
def rates(svd: Path) -> tuple[str, str]:
    """Events of two movies of the model."""
    one, two = movies(svd, 2)
    return f"/rate/{one}=4.75", f"/data/m/{two}/1.mpg"


def test_a_folded_in_answer_is_identical(svd: Path, makers: Makers, rates: tuple[str, str]) -> None:
    one = judged(answered(svd, STRANGER, *rates), makers)
    assert (one.verdict, one.why, one.mend) == (Verdict.IDENTICAL, "", False)
    assert one.again is not None and one.again["tier"] == "fold-in" and one.again["because"]


def test_a_flipped_rating_of_the_history_is_different(
    svd: Path, makers: Makers, rates: tuple[str, str]
) -> None:
    line = answered(svd, STRANGER, *rates)
    [[movie, rating], watched] = json.loads(line)["history"]
    flipped = [[movie, 6 - rating], watched]
    one = judged(line, makers, history=flipped)
    assert one.verdict is Verdict.DIFFERENT and one.why.startswith("from rank ")


def test_what_is_another_list_says_where_it_begins(svd: Path, makers: Makers) -> None:
    line = answered(svd, STRANGER)
    ids = json.loads(line)["ids"]
    for change, why in (
        ([ids[1], ids[0], *ids[2:]], f"from rank 1 on: it was {ids[1]} and is {ids[0]}"),
        (ids[:-1], f"from rank {len(ids)} on: it was the end and is {ids[-1]}"),
        ([*ids, "x+1999"], f"from rank {len(ids) + 1} on: it was x+1999 and is the end"),
    ):
        one = judged(line, makers, ids=change)
        assert (one.verdict, one.why) == (Verdict.DIFFERENT, why)


def test_another_tier_is_different_whatever_the_list(svd: Path, makers: Makers) -> None:
    one = judged(answered(svd, STRANGER), makers, tier="fold-in")
    assert (one.verdict, one.why) == (Verdict.DIFFERENT, "the tier was fold-in and is popular")


def test_a_movie_that_the_model_does_not_have_is_no_history_of_it(
    svd: Path, makers: Makers
) -> None:
    one = judged(answered(svd, STRANGER), makers, history=[["nowhere+1999", None]])
    assert one.verdict is Verdict.DIFFERENT and one.again is None
    assert one.why.startswith("movie nowhere+1999 of its history is not in this model")


def test_what_a_query_had_a_part_in_is_said(svd: Path, makers: Makers) -> None:
    one = judged(answered(svd, STRANGER, query="?exclude="), makers)
    assert (one.verdict, one.mend) == (Verdict.NOT_MADE, False)
    assert one.why == "a query had a part in it, and a query is never logged"


def test_a_line_of_another_kind_than_the_package_is_told_apart(svd: Path, makers: Makers) -> None:
    one = judged(answered(svd, STRANGER), makers, model="svdpp@demo")
    assert (one.verdict, one.mend) == (Verdict.NOT_MADE, True)
    assert f"svdpp@demo made it, and --model-dir {svd} is a model of the kind svd" in one.why
    assert judged(answered(svd, STRANGER), makers, model="of-monday").verdict is Verdict.IDENTICAL
