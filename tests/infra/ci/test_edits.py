"""An edit runs what it should and no more."""

import shutil
from pathlib import Path

import pytest

from infra.ci import deps, edits
from infra.ci.stages import read_stages
from movierec.yamlfile import read_yaml
from tests.infra.ci.files import write

ROOT = Path(__file__).resolve().parents[3]
STAGES = read_stages(ROOT)
TRAIN = {"train@svd", "train@svdpp"}


@pytest.mark.parametrize(
    "path",
    [
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("stages/movierec/evaluation/*.py")),
        "stages/movierec/models/topn.py",
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("serve/collector/**/*.py")),
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("stages/movierec/evaluation/online/*.py")),
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
    assert edits.of_param(STAGES, "train.uptake.reg") == ["uptake"]
    assert set(edits.after(STAGES, ["uptake"])) >= TRAIN
    split = edits.of_file(STAGES, "stages/movierec/dataset/split.py")
    assert split == ["preprocess"]
    assert set(edits.after(STAGES, split)) >= TRAIN


def test_another_verdict_on_arms_or_releases_judges_no_day_anew() -> None:
    room = "stages/movierec/evaluation/online"
    for name in ("arms", "experiment", "merging", "releases"):
        assert edits.of_file(STAGES, f"{room}/{name}.py") == ["online_merge"], name
    assert edits.of_file(STAGES, "stages/movierec/routing.py") == ["online_merge"]
    for name in ("dayreport", "outcomes"):
        assert edits.of_file(STAGES, f"{room}/{name}.py") == ["online", "online_merge"], name


def test_of_the_parameters_of_verdicts_those_of_a_day_s_report_alone_judge_days_anew() -> None:
    days = {"online.conversion_minutes", "online.deadline_ms", "online.confidence"}
    keys = [f"online.{name}" for name in read_yaml(ROOT / "params.yaml", "")["online"]]
    assert days < set(keys)
    for key in [*keys, "routing"]:
        stages = ["online"] * (key in days) + ["online_merge"]
        assert edits.of_param(STAGES, key) == stages, key


def test_the_table_of_edits_has_every_file_once() -> None:
    rows = edits.edits(ROOT).splitlines()[2:]
    things = [row.split("  ")[0] for row in rows]
    for path in sorted(ROOT.glob("s*/**/*.py")):
        if not is_docstring_alone(path):
            name = str(path.relative_to(ROOT))
            assert sum(name == thing or name.startswith(thing) for thing in things) == 1, name
    assert [thing for thing in things if thing.startswith("params.yaml: train.svd")]


def is_docstring_alone(path: Path) -> bool:
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
