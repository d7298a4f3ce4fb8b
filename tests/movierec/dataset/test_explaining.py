"""What a stronger finding explains is none, what it does not stays, and nobody is in two."""

import numpy as np
import pytest

from movierec.dataset.explaining import unexplained
from movierec.dataset.targets import Finding, Limits

LIMITS = Limits(z=6.0, accounts=5)
USERS = 300


def company(movie: int, z: float, expected: float, *spans: range, sign: str = "rare") -> Finding:
    return Finding(movie, "nuke", sign, z, expected, np.concatenate([np.array(s) for s in spans]))


TARGET = company(0, 30.0, 2.0, range(100))


def left(*findings: Finding) -> list[Finding]:
    return list(unexplained(findings, USERS, LIMITS))


def test_a_filler_is_explained_by_its_target_and_its_honest_raters_are_free() -> None:
    filler = company(1, 20.0, 12.0, range(60), range(200, 212))
    assert left(filler) == [filler]
    assert left(TARGET, filler) == [TARGET]


def test_what_is_above_chance_without_the_explained_stays_and_holds_nobody_twice() -> None:
    other = company(1, 20.0, 4.0, range(50), range(200, 250))
    first, second = left(TARGET, other)
    assert first is TARGET and second.users.tolist() == list(range(200, 250))
    assert second.z == pytest.approx(20 * (50 - 4) / (100 - 4) * np.sqrt(100 / 50))
    assert second.expected == 4.0


def test_two_companies_that_share_nobody_are_both_believed_as_they_are() -> None:
    other = company(1, 7.0, 1.0, range(200, 220))
    assert left(TARGET, other) == [TARGET, other]


def test_a_z_that_is_left_must_still_surprise_and_be_of_enough_accounts() -> None:
    weak = company(1, 12.0, 4.0, range(80), range(200, 220))  # z 4.5
    few = company(1, 90.0, 0.0, range(80), range(200, 204))  # z 19, of four
    assert left(TARGET, weak) == left(TARGET, few) == [TARGET]


def test_another_mark_of_a_target_adds_accounts_few_of_which_are_there_by_chance() -> None:
    def again(expected: float, sign: str = "choice", movie: int = 0) -> list[int]:
        found = left(TARGET, company(movie, 20.0, expected, range(95), range(200, 204), sign=sign))
        return [len(f.users) for f in found]

    assert again(0.5) == [100, 4]
    assert again(0.7) == [100], "six of them for one by chance"
    assert again(0.5, movie=1) == [100], "another movie has to surprise by itself"
    assert again(0.5, sign="burst") == [100], "an hour is no mark"


def test_who_was_explained_by_what_was_not_believed_is_not_explained() -> None:
    """The second is explained by the first; the third shares people with the second alone."""
    second = company(1, 20.0, 12.0, range(60), range(200, 212))
    third = company(2, 8.0, 1.0, range(200, 212))
    assert left(TARGET, second, third) == [TARGET, third]


def test_nobody_and_a_company_without_anybody_left_are_no_trouble() -> None:
    assert left() == []
    assert left(TARGET, company(1, 20.0, 2.0, range(50))) == [TARGET]
