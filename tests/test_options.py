"""Numbers on the command lines of all programs: one way to read them, wherever they stand."""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSES = ("stages", "serve", "infra", "tests")
FILES = sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py"))


def short(value: object) -> str | None:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else None


def numbers(path: Path) -> Iterator[tuple[str, str]]:
    """(option, what reads it) of every option of a file that has a `type` by a name."""
    text = path.read_text()
    if "add_argument" not in text:
        return  # most files: to parse all takes seconds
    for call in ast.walk(ast.parse(text)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "add_argument":
            for keyword in call.keywords:
                if keyword.arg == "type" and isinstance(keyword.value, ast.Name):
                    yield ast.literal_eval(call.args[0]), keyword.value.id


OPTIONS = [(path, *found) for path in FILES for found in numbers(path)]
SHARED = {
    ROOT / "infra/simulator/world.py": ROOT / "infra/simulator/produce.py",
    ROOT / "infra/demo/sources.py": ROOT / "infra/demo/replay.py",
}
"""Options that a program has from a file beside it."""
PROGRAMS = [
    (SHARED.get(path, path), option, kind)
    for path, option, kind in OPTIONS
    if kind in ("whole", "real") and path.relative_to(ROOT).parts[0] != "tests"
]


def test_no_option_is_read_as_python_reads_numbers() -> None:
    """By `int` and `float` 1_0 would be ten, and nan and inf would pass every comparison."""
    assert [(short(p), option) for p, option, kind in OPTIONS if kind in ("int", "float")] == []
    assert len(PROGRAMS) > 20


@pytest.mark.parametrize(("path", "option", "kind"), PROGRAMS, ids=short)
@pytest.mark.parametrize("text", ["1_0", "nan", "inf", "٣"])
def test_every_program_refuses_what_is_no_number_by_the_option_s_name(
    path: Path, option: str, kind: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    program = sys.modules.get(name) or importlib.util.module_from_spec(spec)
    if name not in sys.modules:
        spec.loader.exec_module(program)
    with pytest.raises(SystemExit) as ended:
        program.main([option, text, text])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    expected = "a whole number" if kind == "whole" else "a number"
    assert f"{option}: expected {expected}, got {text!r}" in said
