"""YAML as DVC reads and writes it."""

from pathlib import Path

import pytest

from movierec.errors import BadInput, BadParams
from movierec.yamlfile import parse_yaml, read_yaml


def test_a_number_as_dvc_writes_it_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("small: 1e-05\nday: '2026-11-01'\n")
    assert read_yaml(tmp_path / "f.yaml", "…") == {"small": 1e-05, "day": "2026-11-01"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "not YAML"),
        (b"\xff", "not YAML"),
        (b"", "expected a mapping"),
        (b"- 1", "mapping"),
        (b"day: 2026-11-31", "not YAML"),
        (b"seed: " + b"9" * 5000, "not YAML"),
        (b"[" * 100_000, "not YAML"),
    ],
)
def test_anything_else_is_refused_by_name_with_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(BadParams, match=f"params: .*{said}.*; write it"):
        parse_yaml(content, Path("params"), "write it", BadParams)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"f\.yaml: no such file; write it"):
        read_yaml(tmp_path / "f.yaml", "write it")
