"""params.yaml: unknown keys and impossible values are refused by name."""

import dataclasses
import math
import re
from pathlib import Path

import pytest
import yaml

from infra.release.acting.verdict import Act
from infra.release.expire import Expire
from movierec.dataset.assemble import Preprocess
from movierec.dataset.buckets import Aggregating
from movierec.dataset.drift import Drift
from movierec.dataset.quality import Validate
from movierec.dataset.scale import Events
from movierec.dataset.shilling import Shilling
from movierec.errors import BadParams
from movierec.evaluation.gate import Gate
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.validation import Evaluate
from movierec.models.kinds import KINDS
from movierec.models.model import ByEpochs
from movierec.models.svd import SVD
from movierec.models.training import Train, load_train
from movierec.models.uptake import SECTION
from movierec.params import load_section
from movierec.routing import Routing

SECTIONS = {
    "events": Events,
    "aggregate": Aggregating,
    "validate": Validate,
    "drift": Drift,
    "preprocess": Preprocess,
    "shilling": Shilling,
    "train": Train,
    "evaluate": Evaluate,
    "gate": Gate,
    "online": Online,
    "routing": Routing,
    "act": Act,
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
        apart = [*KINDS, SECTION] if name == "train" else ()
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
        ("aggregate.engine", "fast", "engine must be one of local, spark, got 'fast'"),
        ("aggregate.buckets", 24, "aggregate: buckets must be a power of two, got 24"),
        ("preprocess.validation_share", 0, "validation_share must be above 0 and at most 0.9"),
        ("shilling.by_hand", {"bob": 0.5}, "by_hand: bob: expected ids of users"),
        ("shilling.by_hand", {7: 0.5}, "by_hand must be a mapping of names"),
        ("events.rating_max", 0, "rating_min 1.0 must be below rating_max 0"),
        ("gate", [1], r"gate: expected a mapping of keys, got \[1\]"),
    ],
)
def test_a_bad_value_is_named(tmp_path, key, value, message):
    with pytest.raises(BadParams, match=message):
        load(changed(tmp_path, key, value), key)


RANGES = """
events.rating_min -inf to inf
events.rating_max -inf to inf
aggregate.buckets 1 to 64
validate.min_days 1 to inf
validate.min_ratings 1 to inf
validate.min_users 1 to inf
validate.min_movies 1 to inf
validate.max_age_days 0 to inf
validate.max_reject_share 0 to 1
validate.max_duplicate_share 0 to 1
validate.max_off_scale_share 0 to 1
validate.max_bad_rating_share 0 to 1
validate.max_rating_mean_shift 0 to inf
validate.max_rating_distance 0 to 1
drift.chance >0 to 0.1
drift.max_rating_psi 0 to inf
drift.max_rating_ks 0 to 1
drift.max_minutes_psi 0 to inf
drift.max_minutes_ks 0 to 1
drift.max_activity_ratio 1 to inf
drift.max_kind_ratio 1 to inf
drift.max_new_users_rise 0 to 1
drift.max_new_movies_rise 0 to 1
drift.max_fault_rise 0 to 1
preprocess.validation_share >0 to 0.9
preprocess.seed 0 to inf
preprocess.min_users_per_movie 1 to inf
preprocess.min_ratings_per_user 1 to inf
shilling.weight >0 to 1
shilling.min_accounts 2 to inf
shilling.surprise >0 to inf
shilling.by_hand >0 to 1
evaluate.k 1 to inf
evaluate.ranked_users 1 to inf
evaluate.relevant_rating -inf to inf
evaluate.bootstrap_samples 1 to inf
evaluate.seed 0 to inf
gate.min_rmse_gain -inf to inf
gate.max_rmse_loss 0 to inf
gate.min_judged_users 1 to inf
gate.min_validation_ratings 1 to inf
gate.min_coverage 0 to 1
gate.min_recall_gain -1 to inf
online.days 1 to 366
online.conversion_minutes >0 to 720
online.confidence >0 to 0.999999
online.deadline_ms 1 to inf
online.smallest_lift >0 to 10
online.power >0 to 0.999999
online.min_users 2 to inf
online.max_loss >0 to 0.999999
routing.weights 0 to 1000000000.0
act.least_share >0 to 0.5
act.max_age_days 1 to inf
expire.keep_days 1 to inf
train.svd.n_epochs 1 to inf
train.svd.holdout_share 0 to 0.5
train.svd.patience 1 to inf
train.svd.seed 0 to 4294967295
train.svd.members 1 to 64
train.svd.n_factors 1 to 4096
train.svd.init_mean -inf to inf
train.svd.init_std_dev 0 to inf
train.svd.lr_bu >0 to inf
train.svd.lr_bi >0 to inf
train.svd.lr_pu >0 to inf
train.svd.lr_qi >0 to inf
train.svd.reg_bu 0 to inf
train.svd.reg_bi 0 to inf
train.svd.reg_pu 0 to inf
train.svd.reg_qi 0 to inf
train.svd.lr_decay 0 to 0.5
train.svdpp.lr_yj >0 to inf
train.svdpp.reg_yj 0 to inf
"""


def test_what_values_each_number_takes():
    """A bound that moves is a decision: the stages trust what lies within."""
    assert all(issubclass(kind.hyper, ByEpochs) for kind in KINDS.values())
    kinds = SECTIONS | {f"train.{name}": kind.hyper for name, kind in KINDS.items()}
    shown = {
        f"{name}.{field.name} {range_of(field.metadata)}"
        for name, kind in kinds.items()
        for field in dataclasses.fields(kind)
        if "low" in field.metadata
    }
    assert {line for line in shown if "svdpp" not in line or "_yj" in line} == set(
        RANGES.strip().splitlines()
    )


def range_of(metadata):
    low = f">{metadata['above']}" if metadata["above"] > -math.inf else f"{metadata['low']}"
    return f"{low} to {metadata['high']}"


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
