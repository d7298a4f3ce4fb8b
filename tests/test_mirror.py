"""Each source file has the test file of its name in the mirrored place, or a reason why not.

`serve/collector/loop.py` → `tests/serve/collector/test_loop.py`; `stages/movierec/…` →
`tests/movierec/…`; `__main__.py` → `test_main.py`; a room's `__init__.py` → `test_<room>.py`.
"""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
NAMED_WITH_REASON: dict[str, str] = yaml.safe_load(
    Path(__file__).with_name("mirror.yaml").read_text()
)


def says_something(path: Path) -> bool:
    """Whether a file holds more than its docstring."""
    return len(ast.parse(path.read_text()).body) > 1


def mirror(path: Path) -> Path:
    """Where the tests of a source file belong."""
    parts = path.relative_to(ROOT).parts
    folder = parts[1:-1] if parts[:2] == ("stages", "movierec") else parts[:-1]
    named = {"__init__": folder[-1], "__main__": "main"}
    stem = named.get(path.stem, path.stem.replace(".", "_"))
    return ROOT.joinpath("tests", *folder, f"test_{stem}.py")


FILES = {
    str(path.relative_to(ROOT)): path
    for house in ("stages", "serve", "infra")
    for path in sorted((ROOT / house).rglob("*.py"))
    if path.stem != "__init__" or says_something(path)
}


@pytest.mark.parametrize("name", FILES)
def test_a_source_file_has_its_test_file_or_a_reason(name: str) -> None:
    tested = mirror(FILES[name]).exists()
    if name in NAMED_WITH_REASON:
        assert not tested, f"take {name} out of tests/mirror.yaml: it has its test file"
    else:
        assert tested, f"add {mirror(FILES[name]).relative_to(ROOT)}, or a reason to mirror.yaml"


@pytest.mark.parametrize("name", NAMED_WITH_REASON)
def test_a_named_file_is_there_and_its_reason_names_tests_that_are(name: str) -> None:
    assert name in FILES, f"take {name} out of tests/mirror.yaml: there is no such file"
    reason = NAMED_WITH_REASON[name]
    assert [word for word in reason.split() if (ROOT / "tests" / word.strip(",;")).is_file()]
