"""`make test-slow` and its like collect the files alone in which a mark stands."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
MARK = re.compile(r"mark\.(slow|broker|docker|cluster)\b")


def test_marks_stand_in_the_files_of_the_tests_that_have_them() -> None:
    """Not in a conftest.py nor in a file that tests take them from: grep looks in no other."""
    elsewhere = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if not path.name.startswith("test_") and MARK.search(path.read_text())
    }
    assert elsewhere == set()
