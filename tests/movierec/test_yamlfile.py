"""YAML as DVC reads and writes it."""

from pathlib import Path

import pytest
from dvc.utils import serialize  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from movierec.errors import BadInput, BadParams
from movierec.yamlfile import parse_yaml, read_yaml


def test_a_number_as_dvc_writes_it_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("small: 1e-05\nday: '2026-11-01'\n")
    assert read_yaml(tmp_path / "f.yaml", "…") == {"small": 1e-05, "day": "2026-11-01"}


NUMBERS = "1e-05 1.0E+5 1E5 1.e5 .5 -.5 +.5 +3 1_000 0x10 0o17 017 1e400 1e-400 .inf .nan"
OTHERS = "1:30 on yes 1,5 1_0e1_0 .5e3 ١٢ 1e 0.1.2 _1 null"


@pytest.mark.parametrize("text", [*NUMBERS.split(), *OTHERS.split()])
def test_a_value_is_what_dvc_takes_it_for(text: str) -> None:
    """YAML 1.1 and 1.2 differ in many of them."""
    ours = parse_yaml(f"a: {text}".encode(), Path("params.yaml"), "…")
    assert repr(ours) == repr(serialize.parse_yaml(f"a: {text}", "params.yaml"))
    assert isinstance(ours["a"], float | int) == (text in NUMBERS.split())


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_what_dvc_writes_is_read_as_what_it_was(real: float, whole: int) -> None:
    document = {"real": real, "whole": whole}
    assert parse_yaml(serialize.dumps_yaml(document).encode(), Path("params.yaml"), "…") == document


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
