"""data/online/window.yaml: what it must be, and how it is written."""

from pathlib import Path

import pytest

from movierec.dataset.onlinefile import (
    OnlineDay,
    online_of,
    read_online,
    text_of,
    write_online,
)
from movierec.errors import BadInput

EVE, DAY, NEXT = "2026-11-01", "2026-11-02", "2026-11-03"
DAYS = [
    OnlineDay(DAY, {"movielog": EVE, "served": DAY}),
    OnlineDay(NEXT, {"movielog": DAY, "served": DAY}),
]
ENTRY = """online_days:
  {day}: {{movielog_before: data/movielog/days/{eve}, served_before: data/served/days/{served}}}
"""


@pytest.mark.parametrize("days", [DAYS, []])
def test_what_is_written_is_read(tmp_path: Path, days: list[OnlineDay]) -> None:
    path = tmp_path / "online/window.yaml"
    write_online(path, days)
    assert read_online(path) == days
    assert online_of(path.read_bytes(), Path("HEAD")) == days


def test_a_day_reads_itself_and_what_is_closed_before_it() -> None:
    assert DAYS[0].reads() == {("movielog", EVE), ("movielog", DAY), ("served", DAY)}


def test_the_committed_file_is_what_the_writer_writes() -> None:
    path = Path(__file__).parents[3] / "data/online/window.yaml"
    assert text_of(read_online(path)) == path.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a mapping"),
        ("days: []\n", "expected the key online_days"),
        ("online_days: []\n", "expected the key online_days"),
        ("online_days: {}\nmore: 1\n", "expected the key online_days"),
        (ENTRY.format(day=DAY, eve=EVE, served=DAY), "quoted dates"),  # YAML reads a date
        (ENTRY.format(day='"2026-11-31"', eve=EVE, served=EVE), "quoted dates"),
        (ENTRY.format(day=f'"{DAY}"', eve=NEXT, served=DAY), "closed days before"),
        (ENTRY.format(day=f'"{NEXT}"', eve=EVE, served=NEXT), "closed days before"),
        (ENTRY.format(day=f'"{DAY}"', eve="../" + EVE, served=DAY), "closed days before"),
        (f'online_days:\n  "{DAY}": {{}}\n', "closed days before"),
        (f'online_days:\n  "{DAY}":\n', "closed days before"),
        (
            ENTRY.format(day=f'"{NEXT}"', eve=DAY, served=NEXT)
            + ENTRY.format(day=f'"{DAY}"', eve=EVE, served=DAY).split("\n", 1)[1],
            "must ascend",
        ),
        ("online_days: {", "not YAML"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "window.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=f"(?s){said}.*let `python -m"):
        read_online(path)
    with pytest.raises(BadInput, match=f"(?s)HEAD: .*{said}"):
        online_of(text.encode(), Path("HEAD"))
