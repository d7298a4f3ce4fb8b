"""What a program depends on is what it imports."""

from pathlib import Path

import pytest

from infra.ci.imports import closure, code_of, libraries_of
from movierec.errors import BadInput
from tests.infra.ci.files import write


def test_a_folder_stands_for_all_its_code_and_a_docstring_is_none(project: Path) -> None:
    assert code_of(project, "stages/second.py") == ["stages/second.py", "stages/movierec/room"]
    write(project, {"stages/movierec/room/__init__.py": "import zlib\n"})
    assert code_of(project, "stages/first.py") == [
        "stages/first.py",
        "stages/movierec/room/__init__.py",
        "stages/movierec/room/a.py",
    ]
    assert libraries_of(project, "stages/second.py") == ["llvmlite", "numba"]


def test_a_relative_import_is_refused(project: Path) -> None:
    write(project, {"stages/movierec/room/a.py": "from . import b\n"})
    with pytest.raises(BadInput, match=r"a\.py:1: import by full names only"):
        closure(project, "stages/first.py")
