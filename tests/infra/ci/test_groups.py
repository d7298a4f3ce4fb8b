"""Every fast test is in one of Jenkins' five groups, and in no second one."""

from pathlib import Path

import pytest

from infra.ci.groups import GROUPS, ROOT, dealt, group_of, main
from movierec.errors import BadInput


def test_every_test_file_is_in_exactly_one_group() -> None:
    files = [file for group in dealt(ROOT).values() for file in group]
    there = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(files) == sorted(there)


def test_there_are_five_and_each_of_their_paths_has_tests_that_no_other_takes() -> None:
    assert len(GROUPS) == 5
    for group, paths in GROUPS.items():
        for path in paths:
            assert (ROOT / path).exists(), f"{path} is not there: take it out of {group}"
    assert all(dealt(ROOT).values())


def test_the_longest_path_decides() -> None:
    assert group_of("tests/infra/router/test_nginx.py") == "online-evaluation"
    assert group_of("tests/infra/test_compose.py") == "training-and-offline-evaluation"
    assert group_of("tests/movierec/models/test_svd.py") == "training-and-offline-evaluation"


def test_a_folder_that_nobody_entered_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tests/new").mkdir(parents=True)
    (tmp_path / "tests/new/test_it.py").write_text("")
    with pytest.raises(BadInput, match=r"tests/new/test_it\.py: in none of the groups"):
        dealt(tmp_path)


def test_a_group_without_tests_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pytest without a file runs them all."""
    for group in GROUPS.values():
        file = tmp_path / (group[0] if group[0].endswith(".py") else f"{group[0]}/test_a.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    assert main(["data-collection", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "tests/serve/collector/test_a.py\n"
    (tmp_path / "tests/serve/collector/test_a.py").unlink()
    with pytest.raises(BadInput, match="no tests of data-collection"):
        main(["preprocessing", "--root", str(tmp_path)])
