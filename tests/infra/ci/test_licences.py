"""What may not be shipped is named; what the images install may, and is pinned by hashes."""

import re
import tomllib
from email.message import Message
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.ci.licences import JUDGED, LGPL, licence, main, named, refusal

ROOT = Path(__file__).resolve().parents[3]
IMAGES = {"serve": "serve.Dockerfile", "collector": "collector.Dockerfile"}


class Package(Distribution):
    """A package of these metadata."""

    def __init__(self, **told: str | list[str]) -> None:
        self.told = Message()
        for key, values in told.items():
            for value in [values] if isinstance(values, str) else values:
                self.told[key.replace("_", "-")] = value

    @property
    def metadata(self) -> Any:
        return self.told

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: Any) -> Any:
        return path


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"License_Expression": "MIT"}, False),
        ({"License_Expression": "MIT AND GPL-3.0-or-later"}, True),
        ({"License_Expression": "AGPL-3.0-only"}, True),
        ({"License_Expression": "LGPL-2.1-only"}, True),  # nobody has judged it
        ({"License": "GPLv2"}, True),
        ({"License": "BSD\n\nUnlike the GPL it binds nobody"}, False),
        ({"License": "UNKNOWN"}, True),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, True),
        ({"Classifier": ["Topic :: GNU General Public", "License :: OSI Approved :: MIT"]}, False),
        ({"License": "BSD", "Classifier": "License :: OSI Approved :: GNU General Public"}, True),
        ({}, True),
    ],
)
def test_gpl_and_silence_are_refused(
    told: dict[str, str | list[str]], refused: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([Package(Name="Some", **told)]) == int(refused)
    captured = capsys.readouterr()
    assert captured.out.startswith("some ")
    assert ("error: may not be shipped: some: " in captured.err) == refused


def test_an_lgpl_package_is_shipped_once_it_is_judged_and_a_gpl_part_of_it_never() -> None:
    assert refusal("crc32c", "LGPL-2.1-or-later") is None
    assert refusal("crc32c", "LGPL-2.1-or-later AND GPL-2.0-only") is not None
    for name in JUDGED:  # take it out once it is gone, or has another licence
        assert name in named(ROOT / "infra/docker/collector.txt")
        assert LGPL.search(licence(distribution(name)))


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_installs_what_its_extra_needs_at_the_pinned_versions_with_hashes(
    image: str,
) -> None:
    text = (ROOT / f"infra/docker/{image}.txt").read_text()
    blocks = re.findall(r"^(\S+)==(\S+)(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert {name for name, _, _ in blocks} == needed_by(image), "run infra/ci/pin.sh --shipped"
    pins = dict(re.findall(r"^([^=#\s]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M))
    known = {canonicalize_name(name): version for name, version in pins.items()}
    for name, version, hashes in blocks:
        assert known[canonicalize_name(name)] == version, "run infra/ci/pin.sh --shipped"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", hashes), name
    dockerfile = (ROOT / "infra/docker" / IMAGES[image]).read_text()
    installs = re.findall(r"pip .*install.*", dockerfile)
    assert len(installs) == 1
    assert f"--require-hashes -r {image}.txt" in installs[0]


@pytest.mark.parametrize("image", IMAGES)
def test_no_package_of_an_image_has_a_licence_that_is_refused(image: str) -> None:
    assert main(distribution(name) for name in named(ROOT / f"infra/docker/{image}.txt")) == 0


def needed_by(extra: str) -> set[str]:
    """The packages of an extra and all below them, by the metadata of those installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    todo = [*project["dependencies"], *project["optional-dependencies"][extra]]
    found: set[str] = set()
    while todo:
        requirement = Requirement(todo.pop())
        wanted = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        name = canonicalize_name(requirement.name)
        if wanted and name not in found:
            found.add(name)
            todo += distribution(name).requires or []
    return found
