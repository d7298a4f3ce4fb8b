"""dvc.yaml's deps are what the stages import, and an edit runs what it should and no more."""

import shutil
from pathlib import Path

import pytest

from infra.ci import deps, edits
from infra.ci.imports import closure, code_of, libraries_of
from infra.ci.stages import read_stages
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]
STAGES = read_stages(ROOT)
TRAIN = {"train@svd", "train@svdpp"}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A pipeline of two stages, and a room of two files of which one is imported by both."""
    return write(
        tmp_path,
        {
            "requirements.txt": "llvmlite==1\nnumba==2\nnumpy==3\npyarrow==4\nruff==5\n"
            "scikit-surprise==6\nscipy==7\n",
            "dvc.yaml": """\
stages:
  # how it begins
  first:
    cmd: python stages/first.py --output data/x
    deps:
      - data/raw   # a person's
      - stages/gone.py
      - stages/movierec/old
    params:
      - stages/libraries.yaml: []
    outs: [data/x]
  second:
    foreach: [svd, svdpp]
    do:
      cmd: python stages/second.py
      deps:
        - stages/second.py
        - data/x
      outs:
        - models/${item}
""",
            "stages/first.py": "import numpy as np\nfrom movierec.room.a import f\n",
            "stages/second.py": "from movierec.room import b\nimport json",
            "stages/movierec/__init__.py": '"""All."""\n',
            "stages/movierec/other.py": "x = 1\n",
            "stages/movierec/room/__init__.py": '"""A room."""\n',
            "stages/movierec/room/a.py": "import numba\n",
            "stages/movierec/room/b.py": "from movierec.room.a import f\nimport tqdm\n",
        },
    )


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


def test_each_stage_depends_on_the_libraries_that_it_imports() -> None:
    for stage in STAGES:
        assert list(stage.libraries) == libraries_of(ROOT, stage.program), stage.name
        assert stage.program in stage.deps


@pytest.mark.parametrize(
    "path",
    [
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("stages/movierec/evaluation/*.py")),
        "stages/movierec/models/topn.py",
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("serve/collector/**/*.py")),
        *(f"stages/{name}.py" for name in ("baselines", "evaluate", "gate", "online_evaluate")),
    ],
)
def test_an_edit_that_no_model_depends_on_trains_nothing(path: str) -> None:
    names = edits.of_file(STAGES, path)
    assert not TRAIN & {*names, *edits.after(STAGES, names)}, path


@pytest.mark.parametrize("key", ["evaluate.k", "gate.min_coverage", "online.confidence", "expire"])
def test_another_section_of_the_parameters_trains_nothing(key: str) -> None:
    names = edits.of_param(STAGES, key)
    assert not TRAIN & {*names, *edits.after(STAGES, names)}


def test_what_shapes_a_model_does_train() -> None:
    for name in ("kernels/descent", "svd", "model"):
        assert set(edits.of_file(STAGES, f"stages/movierec/models/{name}.py")) >= TRAIN
    assert edits.of_param(STAGES, "train.svd.n_factors") == ["train@svd"]
    assert edits.after(STAGES, ["train@svd"]) == ["evaluate@svd", "gate"]
    split = edits.of_file(STAGES, "stages/movierec/dataset/split.py")
    assert split == ["preprocess"]
    assert set(edits.after(STAGES, split)) >= TRAIN


def test_the_table_of_edits_has_every_file_once() -> None:
    rows = edits.edits(ROOT).splitlines()[2:]
    things = [row.split("  ")[0] for row in rows]
    for path in sorted(ROOT.glob("s*/**/*.py")):
        if not deps_docstring(path):
            name = str(path.relative_to(ROOT))
            assert sum(name == thing or name.startswith(thing) for thing in things) == 1, name
    assert [thing for thing in things if thing.startswith("params.yaml: train.svd")]


def deps_docstring(path: Path) -> bool:
    return not path.read_text().split('"""')[-1].strip()


def test_a_room_that_runs_nothing_is_one_row(project: Path) -> None:
    write(project, {"params.yaml": "a: {b: 1, c: 2}\n", "serve/x/y.py": "x = 1\n"})
    shutil.copy(ROOT / "stages/libraries.yaml", project / "stages")
    table = edits.edits(project)
    rows = [line.split() for line in table.splitlines()]
    assert ["serve/", "–", "–"] in rows
    assert ["params.yaml:", "a", "–", "–"] in rows
    assert ["stages/movierec/room/a.py", "–", "–"] not in rows, "dvc.yaml does not name it yet"
    write(project, {"dvc.yaml": deps.rewritten(project)})
    rows = [line.split() for line in edits.edits(project).splitlines()]
    assert ["stages/movierec/room/a.py", "all", "–"] in rows
    assert ["stages/movierec/room/b.py", "second", "–"] in rows
