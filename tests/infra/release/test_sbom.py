"""What the list of an image's packages says of what was found in it. A real image's list is held
against the image's own tools in infra/docker/test_push.py."""

from pathlib import Path
from typing import Any

import pytest

from infra.registry.push import Image
from infra.release import sbom
from movierec.errors import BadInput, Unavailable
from movierec.files import read_json

pytestmark = pytest.mark.slow
DPKG = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2:2.36-9+deb12u1
Description: a library
 .
 Package: none

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
METADATA = "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.2\nLicense-Expression: MIT\n"
IMAGE = Image("movierec:svd-v1.0.0", "sha256:x", {"config": {"Labels": {"b": "2", "a": "1"}}})


def filled(folder: Path) -> Path:
    """What is taken out of an image; where its Python packages are."""
    packages = folder / "packages"
    (packages / "Some_Thing-1.2.dist-info").mkdir(parents=True)
    (packages / "Some_Thing-1.2.dist-info/METADATA").write_text(METADATA)
    (folder / "status").write_text(DPKG)
    (folder / "os-release").write_text('NAME="Debian"\nID=debian\nVERSION_ID="12"\n')
    (folder / "pyvenv.cfg").write_text("home = /usr\nversion = 3.11.2\n")
    return packages


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The list of an image with one package of each kind."""
    paths = [tmp_path_factory.mktemp("list") / f"{number}.json" for number in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sbom, "take_out", lambda _, folder: filled(folder))
        for path in paths:
            sbom.write_sbom(IMAGE, path)
    assert paths[0].read_bytes() == paths[1].read_bytes(), "one image, one list"
    return read_json(paths[0], "")


def test_each_package_is_called_as_scanners_call_it(written: dict[str, Any]) -> None:
    assert {part["purl"] for part in written["components"]} == {
        "pkg:deb/debian/libc6@2:2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12",
        "pkg:generic/python@3.11.2",
        "pkg:pypi/some-thing@1.2",
    }
    [ours] = [part for part in written["components"] if "pypi" in part["purl"]]
    assert ours["licenses"][0]["license"]["id"] == "MIT"


def test_it_says_of_which_image_it_is(written: dict[str, Any]) -> None:
    assert written["metadata"]["component"] == {
        "type": "container",
        "name": "movierec",
        "version": "svd-v1.0.0",
        "bom-ref": "movierec:svd-v1.0.0",
        "properties": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
    }
    assert "serialNumber" not in written and "timestamp" not in written["metadata"]


def test_an_image_without_packages_of_python_has_debians(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "pyvenv.cfg").unlink()
    assert [part["name"] for part in sbom.below(tmp_path)] == ["libc6"]


def test_what_cannot_be_told_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "take_out", lambda _, folder: filled(folder))
    wrong = Image("movierec:svd-v1.0.0", "sha256:x", {"config": {"Labels": {"a": 1}}})
    with pytest.raises(BadInput, match="cannot be told in CycloneDX"):
        sbom.write_sbom(wrong, tmp_path / "list.json")
    assert not (tmp_path / "list.json").exists()


def test_a_tool_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Unavailable, match="cyclonedx-py failed"):
        sbom.python_packages(filled(tmp_path), tmp_path)
