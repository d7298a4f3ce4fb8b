"""The file that names the days of a training, `data/window.yaml`: its one reader and writer.

>>> print(text_of(WindowFile(["2026-11-01", "2026-11-02"], "2026-11-04")), end="")
# The closed days that this training uses. Written by `python -m infra.release.window`.
days:
  - "2026-11-01"
  - "2026-11-02"
written: "2026-11-04"
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.errors import BadInput
from movierec.files import write_text
from movierec.times import day_number
from movierec.yamlfile import parse_yaml, read_yaml

REMEDY = "let `python -m infra.release.window --days …` write it"
HEAD = "# The closed days that this training uses. Written by `python -m infra.release.window`.\n"


@dataclass(frozen=True)
class WindowFile:
    """What the file says. Days are written YYYY-MM-DD."""

    days: list[str]
    """Ascending, at least one."""
    written: str
    """The day on which the file was written: what the age of the data is measured from."""


def read_window(path: Path) -> WindowFile:
    """Read and check a window file. Raises BadInput, naming what to do."""
    return _window(path, read_yaml(path, REMEDY))


def days_of(text: bytes, name: Path) -> list[str]:
    """The days of a window file's content. Raises BadInput when it is none."""
    return _window(name, parse_yaml(text, name, REMEDY)).days


def write_window(path: Path, window: WindowFile) -> None:
    """Write a window file; a crash leaves the old one."""
    write_text(path, text_of(window))


def text_of(window: WindowFile) -> str:
    """The content of a window file. Quoted: YAML would read a bare date as one."""
    days = "".join(f'  - "{day}"\n' for day in window.days)
    return f'{HEAD}days:\n{days}written: "{window.written}"\n'


def _window(path: Path, document: dict[str, Any]) -> WindowFile:
    if set(document) != {"days", "written"}:
        raise BadInput(f"{path}: expected the keys days and written; {REMEDY}")
    days, written = document["days"], document["written"]
    if not isinstance(days, list) or not days:
        raise BadInput(f"{path}: the window is empty; {REMEDY}")
    try:
        numbers = [day_number(day) for day in days]
        day_number(written)
    except (TypeError, ValueError):
        raise BadInput(f"{path}: days and written must be quoted dates; {REMEDY}") from None
    if numbers != sorted(set(numbers)):
        raise BadInput(f"{path}: the days must ascend without repeats; {REMEDY}")
    return WindowFile(days, written)
