"""The pages name only what is there: files and make targets, on each page of the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md")]
    if not path.relative_to(ROOT).parts[0].startswith(".")
)
MADE = ("data/", "models/", "metrics/", "plots/", "reports/", ".demo/", ".venv", ".cache/")
MADE += (".dvc/cache", ".dvc/config.local", ".dvc/remote", ".dvc/tmp", ".git/")
PATH = re.compile(r"(?:\.?[a-z]+/)+[\w.*{},-]*|[\w-]+\.(?:py|ya?ml|md|lock)")


def paths_of(page: Path) -> set[str]:
    """The words in code type that look like a path of the repository."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    words = {word for word in re.findall(r"`([^`\n]+)`", text) if PATH.fullmatch(word)}
    return {word for word in words if not word.startswith(MADE)}


NAMED = [(page, path) for page in PAGES for path in sorted(paths_of(page))]


def is_there(page: Path, path: str) -> bool:
    """From the page's folder, its house, the root, or, for a bare name, anywhere."""
    pattern = re.sub(r"\{([^}]*)\}|<[^>]*>", "*", path)
    package = ROOT / "stages/movierec"
    tops = [page.parent, package, package / "store", ROOT]
    if any(list(top.glob(pattern)) for top in tops):
        return True
    return "/" not in pattern.rstrip("/") and bool(list(ROOT.rglob(pattern)))


@pytest.mark.parametrize(
    ("page", "path"), NAMED, ids=[f"{page.relative_to(ROOT)}-{path}" for page, path in NAMED]
)
def test_a_path_that_a_page_names_is_there(page: Path, path: str) -> None:
    assert is_there(page, path), f"{page.relative_to(ROOT)} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`[^`]+`|^    .*$", text, re.M))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert named <= made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        place = (page.parent / target) if target else page
        said = f"{page.relative_to(ROOT)} links to {target}#{anchor}"
        assert place.exists(), said
        assert not anchor or anchor in anchors_of(place), said


def anchors_of(page: Path) -> set[str]:
    """What the headings of a page are linked to by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}
