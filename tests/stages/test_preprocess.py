"""A few ratings off the scale are left out, and said."""

import json
from pathlib import Path

import pytest
import yaml

from movierec.dataset.datasetfile import load_dataset
from movierec.dataset.window import Window
from tests.stages.test_validate import prepare, stage


def test_a_few_strays_pass_are_counted_and_reach_no_matrix(tmp_path: Path) -> None:
    options = prepare(tmp_path, highest=5, strays=5)
    assert stage("validate").main(options) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["measures"]["off_scale_share"]["value"] == round(5 / 405, 6)
    assert stage("preprocess").main([*options, "--output", str(tmp_path / "dataset")]) == 0
    assert json.loads((tmp_path / "r.json").read_text())["off_scale_ratings"] == 5
    dataset = load_dataset(tmp_path / "dataset")
    assert max(dataset.train.data.max(), dataset.validation.data.max()) == 5


def test_the_report_says_what_of_the_held_out_ratings_no_model_is_judged_by(
    tmp_path: Path,
) -> None:
    options = prepare(tmp_path, highest=5)
    assert stage("preprocess").main([*options, "--output", str(tmp_path / "dataset")]) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    held = report["held_out"]
    assert held["ratings"] == report["validation_pairs"] + report["pruned"]["validation_pairs"]
    manifest = json.loads((tmp_path / "dataset/manifest.json").read_text())
    assert "held_out" not in manifest["facts"], "which would change the hash of every dataset"


def test_the_report_says_who_weighs_less_and_the_dataset_only_how_much(tmp_path: Path) -> None:
    options = prepare(tmp_path, highest=5)
    params = tmp_path / "params.yaml"
    document = yaml.safe_load(params.read_text())
    document["shilling"]["by_hand"] = {"7": 0.5}
    params.write_text(yaml.safe_dump(document))
    assert stage("preprocess").main([*options, "--output", str(tmp_path / "dataset")]) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["shilling"] == {"weighed_down": 1, "findings": [], "suspects": []}
    dataset = load_dataset(tmp_path / "dataset")
    assert dataset.weights is not None
    assert dataset.users[dataset.weights < 1].tolist() == [7]
    manifest = json.loads((tmp_path / "dataset/manifest.json").read_text())
    assert "shilling" not in manifest["facts"], "names and reasons are for people"


def test_any_number_of_threads_writes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Window.blocks, "__defaults__", (50, 2))  # many blocks
    options, written = prepare(tmp_path, highest=5), []
    for threads in ("1", "2", "7"):
        output = tmp_path / f"dataset-{threads}"
        command = [*options, "--output", str(output), "--threads", threads]
        assert stage("preprocess").main(command) == 0
        written.append({path.name: path.read_bytes() for path in output.iterdir()})
    assert len(written[0]) > 10 and written[0] == written[1] == written[2]
