"""What each stage's bytes depend on, read from its imports: the code part of dvc.yaml.

    python -m infra.ci.deps --write   # renews dvc.yaml and stages/libraries.yaml
    python -m infra.ci.deps --check   # says what is not as --write would have it
    python -m infra.ci.deps --edits   # which stages an edit runs

DVC takes no list of deps from elsewhere, so it is written into dvc.yaml: of each `deps` the lines
below stages/, of each `params` the line of stages/libraries.yaml. All else there is a person's.
"""

import argparse
import re
from pathlib import Path

from infra.ci.edits import edits
from infra.ci.imports import PACKAGES, code_of, libraries_of
from infra.ci.stages import LIBRARIES, read_stages
from movierec.cli import run
from movierec.errors import BadInput
from movierec.files import write_text

ROOT = Path(__file__).resolve().parents[2]
HEAD = "# Versions that outputs depend on, from requirements.txt. Written by `infra.ci.deps`.\n"


def main(arguments: list[str]) -> int:
    """Write, check or show."""
    parser = argparse.ArgumentParser(prog="deps", description=(__doc__ or "").split("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    for name in ("write", "check", "edits"):
        what.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args(arguments)
    if options.edits:
        print(edits(ROOT))
        return 0
    stale = [path for path, text in wanted(ROOT).items() if not _says(path, text)]
    if options.write:
        for path in stale:
            write_text(path, wanted(ROOT)[path])
            print(f"renewed {path.relative_to(ROOT)}")
    elif stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        raise BadInput(
            f"{names}: not what the stages import; run `python -m infra.ci.deps --write`"
        )
    return 0


def wanted(root: Path) -> dict[Path, str]:
    """What the two files should say."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (root / "requirements.txt").read_text(), re.M))
    names = sorted({package for packages in PACKAGES.values() for package in packages})
    libraries = HEAD + "".join(f'{name}: "{pins[name]}"\n' for name in names)
    return {root / "dvc.yaml": rewritten(root), root / LIBRARIES: libraries}


def rewritten(root: Path) -> str:
    """The text of dvc.yaml with the generated lines renewed, every other one as it is."""
    text = (root / "dvc.yaml").read_text(encoding="utf-8")
    for stage in read_stages(root):
        block = re.search(rf"^  {stage.template}:.*\n(?:(?: {{4}}.*)?\n)+", text, re.M)
        assert block is not None, stage
        new = _renewed(block[0], root, stage.program)
        text = text[: block.start()] + new + text[block.end() :]
    return text


def _renewed(block: str, root: Path, program: str) -> str:
    """One stage's lines."""
    deps = code_of(root, program)
    block = re.sub(
        r"(?:^ +- stages/\S+\.py\n|^ +- stages/[\w/]+\n)+",
        lambda found: _items(found[0], deps),
        block,
        flags=re.M,
    )
    names = ", ".join(libraries_of(root, program))
    return re.sub(rf"(- {re.escape(LIBRARIES)}:).*", rf"\1 [{names}]", block)


def _items(lines: str, items: list[str]) -> str:
    indent = lines[: lines.index("-")]
    return "".join(f"{indent}- {item}\n" for item in items)


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    run(main)
