"""Which stages are due, by DVC's own graph and status."""

import pytest
from ruamel.yaml import YAML

from infra.ci.repro.plan import Plan, plan
from movierec.errors import BadInput
from tests.infra.ci.repro.conftest import PIPELINE, Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),  # pygtrie's, by DVC
]


def test_what_changed_is_due_and_what_reads_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    order, dealt = ["deal@a", "deal@b", "join"], set[str]()
    first = {"deal@a": dealt, "deal@b": dealt, "join": {"deal@a", "deal@b"}}
    assert plan([]) == Plan(order, first)
    assert plan(["deal"]) == Plan(order[:2], {"deal@a": dealt, "deal@b": dealt})
    assert plan(["join"]) == Plan(order, first)
    project.run("dvc", "repro").check_returncode()
    assert plan([]) == Plan(order, {})
    (project.folder / "dealt/b").unlink()
    assert plan([]) == Plan(order, {"deal@b": dealt, "join": {"deal@b"}})
    assert plan(["deal@a"]) == Plan(["deal@a"], {})
    (project.folder / "dvc.yaml").write_text(PIPELINE.replace("cat", "cat -u"))
    (project.folder / "dealt/b").write_text("b of cards\n")
    assert plan([]) == Plan(order, {"join": dealt})


def test_what_dvc_cannot_read_is_said_by_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    with pytest.raises(BadInput, match="'train'"):
        plan(["train"])
    (project.folder / "dvc.lock").write_text("stages: [")
    with pytest.raises(BadInput, match=r"dvc\.lock"):
        plan([])


def test_dvc_reads_its_lock_by_libyaml() -> None:
    """ruamel.yaml asks for its extension no more; without it a lock takes five times as long."""
    assert YAML(typ="safe").Parser.__name__ == "CParser"
