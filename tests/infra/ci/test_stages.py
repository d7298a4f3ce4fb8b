"""dvc.yaml as data."""

from pathlib import Path

from infra.ci.imports import libraries_of
from infra.ci.stages import read_stages

ROOT = Path(__file__).resolve().parents[3]
STAGES = read_stages(ROOT)


def test_each_stage_depends_on_the_libraries_that_it_imports() -> None:
    for stage in STAGES:
        assert list(stage.libraries) == libraries_of(ROOT, stage.program), stage.name
        assert stage.program in stage.deps


def test_a_template_is_as_many_stages_as_it_names(project: Path) -> None:
    first, svd, svdpp = read_stages(project)
    assert (first.name, first.program, first.outs) == ("first", "stages/first.py", ("data/x",))
    assert (svd.name, svdpp.name) == ("second@svd", "second@svdpp")
    assert (svd.template, svd.outs, svdpp.outs) == ("second", ("models/svd",), ("models/svdpp",))
    assert svd.deps == ("stages/second.py", "data/x")
