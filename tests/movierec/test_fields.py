"""A mapping becomes a dataclass of fields, or the key that is wrong is named."""

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import pytest

from movierec.errors import BadParams
from movierec.fields import checked, choice, number


@dataclass(frozen=True)
class Some:
    plain: float
    sure: bool
    count: int = number(low=1, high=9)
    rate: float = number(above=0)
    way: str = choice("up", "down")
    shares: dict[str, float] = number(low=0)  # noqa: RUF009


GOOD: dict[str, Any] = {
    "count": 9,
    "rate": 1,
    "way": "up",
    "plain": -2,
    "sure": True,
    "shares": {"a": 1, "b": 0.5},
}


def test_good_values_arrive_and_whole_numbers_stand_for_floats() -> None:
    assert checked(Some, GOOD, "s") == Some(-2.0, True, 9, 1.0, "up", {"a": 1.0, "b": 0.5})
    assert type(checked(Some, GOOD, "s").plain) is float


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("count", 0, "s: count must be at least 1 and at most 9, got 0"),
        ("count", 10, "s: count must be at least 1 and at most 9, got 10"),
        ("count", 1.0, "s: count must be int, got 1.0"),
        ("count", 10**400, f"s: count must be at least 1 and at most 9, got {10**400}"),
        ("plain", 10**400, f"s: plain must be finite, got {10**400}"),
        ("count", True, "s: count must be int, got True"),
        ("rate", 0, "s: rate must be above 0, got 0.0"),
        ("rate", nan, "s: rate must be finite, got nan"),
        ("plain", inf, "s: plain must be finite, got inf"),
        ("plain", False, "s: plain must be float, got False"),
        ("way", "left", "s: way must be one of up, down, got 'left'"),
        ("sure", 1, "s: sure must be bool, got 1"),
        ("shares", [1], "s: shares must be a mapping of names, got [1]"),
        ("shares", {1: 1}, "s: shares must be a mapping of names, got {1: 1}"),
        ("shares", {"a": 1, "b": -1}, "s: shares: b must be at least 0, got -1.0"),
        ("shares", {"a": None}, "s: shares: a must be float, got None"),
        ("more", 1, "s: unknown key 'more'; it takes count, plain, rate, shares, sure, way"),
    ],
)
def test_a_bad_value_is_named(key: str, value: Any, message: str) -> None:
    with pytest.raises(BadParams) as refused:
        checked(Some, {**GOOD, key: value}, "s")
    assert str(refused.value) == message


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadParams, match="s: missing count, rate"):
        checked(Some, {k: v for k, v in GOOD.items() if k not in ("rate", "count")}, "s")
    with pytest.raises(BadParams, match=r"s: expected a mapping of keys, got \[1\]"):
        checked(Some, [1], "s")
