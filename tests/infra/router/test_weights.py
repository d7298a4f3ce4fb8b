"""params.yaml's routing becomes the router's file, whole or not at all."""

import json
import os
from pathlib import Path

import pytest

from infra.router.weights import main, read_weights
from movierec.errors import BadInput, BadParams
from movierec.params import load_section
from movierec.routing import Routing

PARAMS = Path(__file__).parents[3] / "params.yaml"


def test_it_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--params", str(PARAMS)])
    printed = capsys.readouterr().out
    file = tmp_path / "etc/routing.json"
    main(["--params", str(PARAMS), "--output", str(file)])
    assert file.read_text() == printed and capsys.readouterr().out == ""
    assert read_weights(file) == load_section(PARAMS, "routing", Routing)


def test_the_committed_file_is_params_yaml_s(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--params", str(PARAMS)])
    committed = PARAMS.parent / "infra/kubernetes/router/routing.json"
    renew = "python -m infra.router.weights --output infra/kubernetes/router/routing.json"
    assert committed.read_text() == capsys.readouterr().out, renew


def test_what_is_there_stays_when_params_are_bad(tmp_path: Path) -> None:
    file, params = tmp_path / "routing.json", tmp_path / "params.yaml"
    file.write_text("before")
    params.write_text("routing: {salt: s, weights: {svd: -1}}")
    with pytest.raises(BadParams, match=r"params\.yaml: routing: weights: svd must be at least 0"):
        main(["--params", str(params), "--output", str(file)])
    assert [path.name for path in tmp_path.iterdir() if path != params] == ["routing.json"]
    assert file.read_text() == "before"


def test_a_file_is_put_in_the_old_one_s_place_in_one_step(tmp_path: Path) -> None:
    """Whoever has the old one open reads the old one to its end."""
    file = tmp_path / "routing.json"
    main(["--params", str(PARAMS), "--output", str(file)])
    with file.open() as old:
        main(["--params", str(PARAMS), "--output", str(file)])
        assert json.loads(old.read()) == json.loads(file.read_text())
        assert Path(f"/proc/self/fd/{old.fileno()}").readlink().name.endswith("(deleted)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"salt": "1"}', "missing weights"),
        ('{"salt": "1", "weights": {"svd": 1}, "more": 1}', "unknown key 'more'"),
        ('{"salt": "1", "weights": {"svd": "x"}}', "weights: svd must be float"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "routing.json"
    with pytest.raises(
        BadInput, match=r"routing\.json: no such file; .*--output .*routing\.json` .*ROUTER_ROUTING"
    ):
        read_weights(file)
    file.write_text(text)
    with pytest.raises(BadParams, match=rf"routing\.json: .*{message}"):
        read_weights(file)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "routing.json")
    with pytest.raises(BadParams, match=r"routing\.json: not a file; "):
        read_weights(tmp_path / "routing.json")
