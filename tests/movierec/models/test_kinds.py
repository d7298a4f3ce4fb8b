"""The registry and what stands in the files beside it agree."""

from pathlib import Path

import pytest
import yaml

from movierec.models.kinds import KINDS
from movierec.models.uptake import SECTION
from movierec.params import load_section

ROOT = Path(__file__).parents[3]
PARAMS = ROOT / "params.yaml"


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_its_model_s_and_has_a_section(name: str) -> None:
    kind = KINDS[name]
    assert kind.model.kind == name
    assert kind.title
    hyper = load_section(PARAMS, f"train.{name}", kind.hyper)
    assert type(hyper) is kind.hyper


def test_every_section_of_train_is_a_kind_and_a_stage_or_the_uptake_that_all_share() -> None:
    train = yaml.safe_load(PARAMS.read_text())["train"]
    sections = [key for key, value in train.items() if isinstance(value, dict)]
    assert sections == [*KINDS, SECTION]
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert stages["train"]["foreach"] == stages["evaluate"]["foreach"] == list(KINDS)
    judged = [f"metrics/{name}.json" for name in KINDS]
    assert stages["gate"]["deps"][: len(KINDS)] == judged
    assert stages["gate"]["cmd"].split()[2 : 2 + len(KINDS)] == judged
