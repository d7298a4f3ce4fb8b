"""The examples in the docstrings, in every file that holds one.

Found here and not by `--doctest-modules`, which would import every program and test module.
"""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSES = {"stages": ROOT / "stages", "serve": ROOT, "infra": ROOT}
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(top).with_suffix("").parts)
    for house, top in HOUSES.items()
    for path in (ROOT / house).rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_file_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_pure_files_have_examples() -> None:
    assert {"movierec.times", "movierec.hashing"} <= set(WITH_EXAMPLES)
