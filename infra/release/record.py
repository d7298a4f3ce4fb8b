"""The commit and the tags of a release, made as objects that nothing names before all is proved."""

from pathlib import Path

import yaml

from infra.release.origin import Origin, Overtaken, overtaken
from infra.repository import attempt, git
from movierec.errors import BadInput

RECORD = (
    "dvc.lock",
    "data/window.yaml",
    "data/incumbent.json",
    "data/online/window.yaml",
    "metrics",
    "reports/baselines.json",
    "reports/drift.json",
    "reports/gate.json",
)
"""What a run of the pipeline changes in git, and a release commits."""
INDEX = "movierec-release.index"


def check_rest(repository: Path) -> None:
    """Raises BadInput when anything but RECORD differs from HEAD: it would not be in the tag."""
    rest = [f":(exclude){path}" for path in RECORD]
    options = ["--porcelain", "--untracked-files=no", "--", ".", *rest]
    if changed := git(repository, "status", *options).splitlines():
        names = ", ".join(line[3:] for line in changed)
        raise BadInput(f"{names}: not as in HEAD; commit that, or take it back, and `dvc repro`")


def tree_with_record(repository: Path) -> str:
    """HEAD's files, and RECORD as it stands in the work tree: a tree, beside the index."""
    folder = git(repository, "rev-parse", "--absolute-git-dir").strip()
    index = Path(folder) / INDEX
    for leftover in (index, index.with_name(f"{INDEX}.lock")):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    try:
        git(repository, "read-tree", "HEAD", index=index)
        git(repository, "add", "--all", "--", *known(repository), index=index)
        return git(repository, "write-tree", index=index).strip()
    finally:
        index.unlink(missing_ok=True)


def known(repository: Path) -> list[str]:
    """What there is of RECORD, here or in HEAD: git refuses to be asked for what is nowhere."""
    there = git(repository, "ls-tree", "--name-only", "HEAD", *RECORD).splitlines()
    return [path for path in RECORD if path in there or (repository / path).exists()]


def base_of(origin: Origin, tree: str, refs: dict[str, str]) -> str:
    """The commit that a tree comes after, or that has it.

    HEAD, when it has all of the origin's branch; the origin's, when that is HEAD with `tree`: a run
    before this one pushed it and came no further. Raises Overtaken when it is something else.
    """
    head = commit_of(origin.repository, "HEAD")
    tip = refs.get(origin.head)
    if tip is None or _is_ancestor(origin.repository, tip, head):
        return head
    if _is_ancestor(origin.repository, head, tip) and tree_of(origin.repository, tip) == tree:
        return tip
    raise Overtaken(overtaken(origin))


def commit_of(repository: Path, name: str) -> str:
    """The full name of a commit."""
    return git(repository, "rev-parse", "--verify", f"{name}^{{commit}}").strip()


def tree_of(repository: Path, commit: str) -> str:
    """The tree of a commit."""
    return git(repository, "rev-parse", f"{commit}^{{tree}}").strip()


def _is_ancestor(repository: Path, old: str, new: str) -> bool:
    return attempt(repository, "merge-base", "--is-ancestor", old, new).returncode == 0


def commit(repository: Path, base: str, tree: str, message: str) -> str:
    """A commit of a tree after `base`; `base` itself when it has that tree."""
    if tree_of(repository, base) == tree:
        return base
    return git(repository, "commit-tree", tree, "-p", base, given=message.encode()).strip()


def tag_object(repository: Path, name: str, commit: str, card: dict[str, object]) -> str:
    """An annotated tag, which no ref names yet. Its message begins as GTO's, then has the card."""
    kind, version = name.split("@")
    told = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=100)
    message = f"Registering artifact {kind} version {version}\n\n{told}"
    return annotated(repository, name, commit, message)


def annotated(repository: Path, name: str, commit: str, message: str, after: int = 0) -> str:
    """An annotated tag, which no ref names yet, of now; `after` is a second (of the epoch) that it
    must be later than, whatever the clock says: GTO orders tags by their times."""
    who, seconds, zone = git(repository, "var", "GIT_COMMITTER_IDENT").strip().rsplit(" ", 2)
    tagger = f"{who} {max(int(seconds), after + 1)} {zone}"
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}"
    return git(repository, "mktag", given=text.encode()).strip()


def take_up(repository: Path, commit: str) -> None:
    """Have HEAD (the branch that it is on) at a commit that differs from it in RECORD alone."""
    git(repository, "update-ref", "-m", "release", "HEAD", commit)
    git(repository, "reset", "--quiet", "--", *known(repository))
