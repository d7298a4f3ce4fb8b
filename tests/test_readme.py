"""The README names only what is there: files, make targets, environment variables' home."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.S))
PATHS = {
    word
    for word in CODE
    if re.fullmatch(r"(?:\.?[a-z]+/)+[\w.*{},-]*|[\w-]+\.(?:py|ya?ml|md|lock)", word)
}
MADE = ("data/", "models/", "metrics/", "plots/", "reports/", ".demo/", ".venv")


def targets(text: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z][a-z-]*)", text))


@pytest.mark.parametrize("path", sorted(p for p in PATHS if not p.startswith(MADE)))
def test_a_path_that_the_readme_names_is_there(path):
    alternatives = re.sub(r"\{([^}]*)\}", "*", path)
    found = list(ROOT.glob(alternatives)) or list(ROOT.rglob(alternatives.split("/")[-1]))
    assert found, f"README.md names {path}"


def test_every_make_target_that_the_readme_names_exists():
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert targets(" ".join(re.findall(r"`[^`]+`|```.*?```", README, re.S))) <= made
