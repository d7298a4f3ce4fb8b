"""The numbers that closed days hold."""

from movierec.lines.kinds import KINDS, Kind


def test_the_numbers_on_disk_are_for_ever() -> None:
    assert {kind.name: int(kind) for kind in Kind} == {
        "WATCH": 0,
        "RATING": 1,
        "REQUEST": 2,
        "ACCOUNT": 3,
        "SERVED": 4,
        "REJECTED": 255,
    }


def test_counts_name_the_good_kinds_in_this_order() -> None:
    assert list(KINDS.values()) == ["watch", "rating", "request", "account", "served"]
