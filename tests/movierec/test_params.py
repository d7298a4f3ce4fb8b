"""params.yaml: unknown keys and impossible values are refused by name."""

import re
from pathlib import Path

import pytest
import yaml

from infra.release.expire import Expire
from movierec.dataset.assemble import Preprocess
from movierec.dataset.quality import Validate
from movierec.dataset.scale import Events
from movierec.errors import BadParams
from movierec.evaluation.gate import Gate
from movierec.evaluation.online import Online
from movierec.evaluation.validation import Evaluate
from movierec.models.kinds import KINDS
from movierec.models.svd import SVD
from movierec.models.training import Train, load_train
from movierec.params import load_section

SECTIONS = {
    "events": Events,
    "validate": Validate,
    "preprocess": Preprocess,
    "train": Train,
    "evaluate": Evaluate,
    "gate": Gate,
    "online": Online,
    "expire": Expire,
}
SHIPPED = Path(__file__).resolve().parents[2] / "params.yaml"


def load(path: Path, key: str) -> object:
    """The section that a dotted key lies in."""
    name, *inner = key.split(".")
    if name == "train":
        return load_train(path, inner[0] if inner[0] in KINDS else "svd")
    return load_section(path, name, SECTIONS[name])


def changed(tmp_path: Path, key: str, value: object) -> Path:
    """The shipped params with one dotted key set."""
    document = yaml.safe_load(SHIPPED.read_text())
    *parents, last = key.split(".")
    section = document
    for parent in parents:
        section = section[parent]
    section[last] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_every_section_of_the_shipped_file_is_one_that_some_code_reads():
    assert set(yaml.safe_load(SHIPPED.read_text())) == set(SECTIONS)
    for name, kind in SECTIONS.items():
        apart = KINDS if name == "train" else ()
        assert isinstance(load_section(SHIPPED, name, kind, apart=apart), kind)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.svdpp.n_factor", 3, "unknown key 'n_factor'; it takes"),
        ("train.svd.n_factors", 0, "n_factors must be at least 1"),
        ("train.svd.n_factors", 2.5, "n_factors must be int, got 2.5"),
        ("train.svd.n_factors", True, "n_factors must be int, got True"),
        ("train.svd.lr_bu", float("nan"), "lr_bu must be finite"),
        ("train.svd.lr_bu", "fast", "lr_bu must be float, got 'fast'"),
        ("train.engine", "slow", "engine must be one of fast, surprise, got 'slow'"),
        ("preprocess.validation_share", 0, "validation_share must be above 0 and at most 0.9"),
        ("events.rating_max", 0, "rating_min 1.0 must be below rating_max 0"),
        ("gate", [1], r"gate: expected a mapping of keys, got \[1\]"),
    ],
)
def test_a_bad_value_is_named(tmp_path, key, value, message):
    with pytest.raises(BadParams, match=message):
        load(changed(tmp_path, key, value), key)


def test_a_missing_key_is_named(tmp_path):
    document = yaml.safe_load(SHIPPED.read_text())
    del document["gate"]["min_coverage"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(BadParams, match="gate: missing min_coverage"):
        load(path, "gate")


def test_a_whole_number_stands_for_a_float(tmp_path):
    params = load_section(changed(tmp_path, "events.rating_max", 10), "events", Events)
    assert isinstance(params.rating_max, float)


@pytest.mark.parametrize("text", ["1e-05", "1E-5", "0.00001", "1e-5"])
def test_a_number_stands_as_dvc_writes_it(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(re.sub(r"reg_bu: [0-9.]+", f"reg_bu: {text}", SHIPPED.read_text()))
    assert load_section(path, "train.svd", SVD).reg_bu == 1e-5


def test_a_section_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadParams, match="train: svdqq: expected a mapping of keys, got 'nothing'"):
        load_section(SHIPPED, "train.svdqq", SVD)


@pytest.mark.parametrize("text", ["a: [", "\t- x", "a: b: c"])
def test_a_file_that_is_no_yaml_is_named_in_one_line(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(BadParams, match=r"params\.yaml: not YAML") as refused:
        load(path, "gate")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadParams, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml", "gate")
