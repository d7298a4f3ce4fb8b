"""Result files: rounded, in order, never half-written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from movierec.errors import BadInput, CorruptFile
from movierec.files import read_json, write_csv, write_json, write_text


def test_numbers_are_rounded_to_what_every_processor_agrees_on(tmp_path: Path) -> None:
    write_json(tmp_path / "a/b.json", {"z": 1 / 3, "a": [2 / 3, {"n": -1e-9}], "count": 3})
    assert (tmp_path / "a/b.json").read_text() == (
        '{\n  "z": 0.333333,\n  "a": [\n    0.666667,\n    {\n      "n": 0.0\n    }\n  ],\n'
        '  "count": 3\n}\n'
    )
    write_csv(tmp_path / "c.csv", {"x": [1, 2], "y": [0.1 + 0.2, 1.0]})
    assert (tmp_path / "c.csv").read_text() == "x,y\n1,0.3\n2,1.0\n"


def test_folders_that_are_missing_are_made(tmp_path: Path) -> None:
    for text in ("one", "two"):
        write_text(tmp_path / "a/b/c.txt", text)
        assert (tmp_path / "a/b/c.txt").read_text() == text
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c.txt"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})

    def half(self: Path, text: str, encoding: str) -> None:
        with self.open("w", encoding=encoding) as file:
            file.write(text[: len(text) // 2])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "x" * 100)
    assert json.loads(path.read_text()) == {"a": 1}


def test_what_is_not_a_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"rmse": float("nan")})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        write_csv(tmp_path / "a.csv", {"x": [1, 2], "y": [1]})


@pytest.mark.parametrize("text", ["{", '{"n": ' + "9" * 5000 + "}", "[" * 100_000, "\udcff"])
def test_what_is_no_json_is_refused_by_name_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match=r"a\.json: not JSON .*; make it"):
        read_json(tmp_path / "a.json", "make it")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"[1]", "expected a JSON object"), (b"{", "not JSON"), (b'{"a": "\xff"}', "not JSON")],
)
def test_what_is_no_json_object_is_named_with_its_remedy(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match=rf"a\.json: {message}.*; pull it"):
        read_json(path, "pull it", CorruptFile)
    with pytest.raises(BadInput, match=r"b\.json: no such file; make it"):
        read_json(tmp_path / "b.json", "make it", CorruptFile)


IN_C = """
import sys
from pathlib import Path
from movierec.files import read_json, write_csv, write_text

text, table = Path(sys.argv[1]) / "a.json", Path(sys.argv[1]) / "b.csv"
write_text(text, '{"a": "\\u00fc"}')
write_csv(table, {"\\u00fc": [1]})
print(ascii(read_json(text, "")["a"]))
"""


def test_files_are_utf8_whatever_the_locale(tmp_path: Path) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", IN_C, str(tmp_path)],
        env={**os.environ, **locale},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "'\\xfc'\n", done.stderr
    assert (tmp_path / "a.json").read_bytes() == '{"a": "ü"}'.encode()
    assert (tmp_path / "b.csv").read_bytes() == "ü\n1\n".encode()
