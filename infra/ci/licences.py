"""Which licences the Python packages of an image have, and whether one of them may not be shipped.

    python -m infra.ci.licences              # what the images' files in infra/docker name
    docker run --rm -i IMAGE python - --here < infra/ci/licences.py    # what an image holds

Read from the packages' own metadata; a package that names no licence is refused like one whose
licence is: GPL and AGPL would bind who runs or passes on an image. LGPL binds the library alone:
it may be shipped unchanged, in a file of its own that anybody can replace. The Debian packages of
the base image (bash, coreutils and others under the GPL) come as Debian ships them, beside ours;
what compose pulls (Grafana is under the AGPL) runs as its makers published it, and we ship none.
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

SHIPPED = Path("infra/docker")
GPL = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
LGPL = re.compile(r"\bLGPL|GNU (Lesser|Library) General Public", re.IGNORECASE)
JUDGED = {"crc32c": "imported as it was published, from a file of its own"}
"""Packages under the LGPL that may be shipped, and why."""


def licence(package: Distribution) -> str:
    """What a package says of its licence: its SPDX expression, else its field and classifiers."""
    expression, field, classifiers = (
        package.metadata.get_all(key) or []
        for key in ("License-Expression", "License", "Classifier")
    )
    if expression:
        return "; ".join(expression)
    # The field may hold the whole text of a licence, which speaks of others: its head names it.
    heads = [text.strip().split("\n")[0] for text in field if text.strip()]
    classes = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License ::")]
    return "; ".join([*heads, *classes])


def refusal(name: str, licence: str) -> str | None:
    """Why a package may not be shipped, or None.

    >>> refusal("flask", "BSD-3-Clause") is None
    True
    >>> refusal("some", "MIT OR GPL-2.0-only")
    'some: MIT OR GPL-2.0-only'
    """
    if not licence or licence == "UNKNOWN":
        return f"{name}: names no licence"
    if LGPL.search(licence) and name not in JUDGED:
        return f"{name}: {licence}; judge it in JUDGED"
    return f"{name}: {licence}" if GPL.search(LGPL.sub("", licence)) else None


def named(path: Path) -> list[str]:
    """The packages of a file of pinned requirements."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", path.read_text(), re.MULTILINE)


def main(packages: Iterable[Distribution]) -> int:
    """Print each package with its licence; status 1 when one is refused."""
    told = sorted({(package.name.lower(), licence(package)) for package in packages})
    for name, text in told:
        print(f"{name:30}{text}")
    refused = [why for name, text in told if (why := refusal(name, text))]
    for why in refused:
        print(f"error: may not be shipped: {why}", file=sys.stderr)
    return int(bool(refused))


if __name__ == "__main__":
    if "--here" in sys.argv:
        sys.exit(main(distributions()))
    files = sorted(SHIPPED.glob("*.txt"))
    sys.exit(main(distribution(name) for file in files for name in named(file)))
