"""window.yaml: what it must be, and how it is written."""

from pathlib import Path

import pytest

from movierec.dataset.windowfile import (
    WindowFile,
    days_of,
    read_window,
    text_of,
    write_window,
)
from movierec.errors import BadInput

WINDOW = WindowFile(["2026-11-01", "2026-11-03"], "2026-11-04")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_window(tmp_path / "window.yaml", WINDOW)
    assert read_window(tmp_path / "window.yaml") == WINDOW
    assert days_of((tmp_path / "window.yaml").read_bytes(), Path("HEAD")) == WINDOW.days


def test_the_committed_file_is_what_the_writer_writes() -> None:
    path = Path(__file__).parents[3] / "data/window.yaml"
    assert text_of(read_window(path)) == path.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('days: []\nwritten: "2026-11-04"\n', "the window is empty"),
        ('written: "2026-11-04"\n', "expected the keys days and written"),
        ("- 1\n", "expected a mapping"),
        ("", "expected a mapping"),
        ('days: "2026-11-01"\nwritten: "2026-11-04"\n', "the window is empty"),
        ('days: ["20261101"]\nwritten: "2026-11-04"\n', "must be quoted dates"),
        ('days: ["2026-11-01"]\nwritten: 2026-11-04\n', "must be quoted dates"),
        ('days: [2026-11-01]\nwritten: "2026-11-04"\n', "must be quoted dates"),
        ('days: ["2026-13-01"]\nwritten: "2026-11-04"\n', "must be quoted dates"),
        ('days: ["2026-11-02", "2026-11-01"]\nwritten: "2026-11-04"\n', "must ascend"),
        ('days: ["2026-11-02", "2026-11-02"]\nwritten: "2026-11-04"\n', "must ascend"),
        ("days: [", "not YAML"),
        ('days: [2026-11-31]\nwritten: "2026-12-01"\n', "not YAML"),
    ],
)
def test_a_bad_window_file_says_what_is_wrong_and_what_to_do(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "window.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=f"(?s){said}.*let `python -m"):
        read_window(path)
    with pytest.raises(BadInput, match="no such file"):
        read_window(tmp_path / "other.yaml")
    with pytest.raises(BadInput, match=f"(?s)HEAD: .*{said}"):
        days_of(text.encode(), Path("HEAD"))
