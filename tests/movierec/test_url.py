"""Places on S3: parts of paths, and no files."""

import shutil
from pathlib import Path

import pytest

from movierec.store.days import day_folder
from movierec.url import Url, root_argument, root_of


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://my-bucket.x/a/b_c/", "my-bucket.x", "a/b_c"),
    ],
)
def test_a_place_has_a_bucket_and_a_key(text: str, bucket: str, key: str) -> None:
    root = root_of(text)
    assert isinstance(root, Url)
    assert (root.bucket, root.key()) == (bucket, key)
    assert root.key("n/m") == f"{key}/n/m".lstrip("/")
    assert str(root) == text.rstrip("/")
    assert (root / "a/b").key("c") == f"{key}/a/b/c".lstrip("/")


@pytest.mark.parametrize(
    "text", ["s3:/bucket", "s3://", "s3://B/x", "s3://bucket//x", "s3://bucket/../x", "s3:x"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no s3://bucket/prefix"):
        root_of(text)
    with pytest.raises(Exception, match=r"is no s3://bucket/prefix"):
        root_argument(text)


def test_other_texts_are_paths() -> None:
    assert root_of("data/s3") == root_argument("data/s3") == Path("data/s3")
    assert type(root_of("data")) is type(Path("data"))


def test_no_file_of_this_machine_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = day_folder(root_of("s3://bucket/p"), "movielog", "2026-11-01")
    for touch in (Path.is_dir, Path.mkdir, Path.read_bytes, shutil.rmtree):
        with pytest.raises(TypeError, match=r"^s3://bucket/p/movielog/days/2026-11-01 is on S3"):
            touch(folder)
    assert list(tmp_path.iterdir()) == []
