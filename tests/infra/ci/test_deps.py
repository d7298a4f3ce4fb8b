"""dvc.yaml's generated lines and the versions of libraries are renewed, and nothing else is."""

from pathlib import Path

import pytest

from infra.ci import deps
from movierec.errors import BadInput
from tests.infra.ci.files import write


def test_dvc_yaml_and_the_libraries_are_as_generated() -> None:
    assert deps.main(["--check"]) == 0


def test_generated_lines_are_renewed_and_all_others_stay(project: Path) -> None:
    text = deps.rewritten(project)
    assert text == (project / "dvc.yaml").read_text().replace(
        "      - stages/gone.py\n      - stages/movierec/old\n",
        "      - stages/first.py\n      - stages/movierec/room/a.py\n",
    ).replace("libraries.yaml: []", "libraries.yaml: [llvmlite, numba, numpy]").replace(
        "        - stages/second.py\n",
        "        - stages/second.py\n        - stages/movierec/room\n",
    )
    write(project, {"dvc.yaml": text})
    assert deps.rewritten(project) == text


def test_another_version_of_a_library_is_written_and_a_tools_version_is_not(project: Path) -> None:
    [libraries] = [text for path, text in deps.wanted(project).items() if path.stem == "libraries"]
    assert 'numpy: "3"\n' in libraries
    assert "ruff" not in libraries


def test_what_is_stale_is_named_with_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deps, "ROOT", project)
    with pytest.raises(BadInput, match=r"dvc\.yaml, stages/libraries\.yaml: .*--write"):
        deps.main(["--check"])
    assert deps.main(["--write"]) == 0
    assert deps.main(["--check"]) == 0
    with (project / "stages/second.py").open("a") as file:
        file.write("\nimport scipy.sparse")
    assert deps.main(["--check"]) == 0, "second has no line for libraries"
    write(project, {"stages/movierec/room/c.py": "x = 1\n"})
    with pytest.raises(BadInput, match=r"^dvc\.yaml: "):
        deps.main(["--check"])
