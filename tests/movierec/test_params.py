"""params.yaml: unknown keys and impossible values are refused by name."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from movierec.errors import BadParams
from movierec.params import Params, load_params

SHIPPED = Path(__file__).resolve().parents[2] / "params.yaml"


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


def test_the_shipped_file_is_good_and_sections_are_named_like_the_stages():
    params = load_params(SHIPPED)
    names = {field.name for field in dataclasses.fields(Params)}
    assert names >= {"validate", "preprocess", "train", "evaluate", "gate"}
    assert params.train.svdpp.n_factors >= 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.svdpp.n_factor", 3, "unknown key 'n_factor'; it takes"),
        ("trainer", {}, "unknown key 'trainer'"),
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
        load_params(changed(tmp_path, key, value))


def test_a_missing_key_is_named(tmp_path):
    document = yaml.safe_load(SHIPPED.read_text())
    del document["gate"]["min_coverage"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(BadParams, match="gate: missing min_coverage"):
        load_params(path)


def test_a_whole_number_stands_for_a_float(tmp_path):
    params = load_params(changed(tmp_path, "events.rating_max", 10))
    assert isinstance(params.events.rating_max, float)


@pytest.mark.parametrize("text", ["a: [", "\t- x", "a: b: c"])
def test_a_file_that_is_no_yaml_is_named_in_one_line(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(BadParams, match=r"params\.yaml: not YAML") as refused:
        load_params(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadParams, match=r"none\.yaml: no such file"):
        load_params(tmp_path / "none.yaml")
