"""The committed dashboards, as Grafana reads them."""

import json
from collections.abc import Iterator
from typing import Any

from infra.grafana.build import BOARDS, FOLDER

DOCUMENTS: dict[str, dict[str, Any]] = {
    name: json.loads((FOLDER / f"{name}.json").read_text()) for name in BOARDS
}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """(board, panel) of each picture."""
    for name, document in DOCUMENTS.items():
        yield from ((name, panel) for panel in document["panels"] if panel["type"] != "row")


def expressions() -> dict[str, str]:
    """`board/panel/A` → its expression, as it is committed."""
    return {
        f"{name}/{panel['title']}/{target['refId']}": target["expr"]
        for name, panel in panels()
        for target in panel["targets"]
    }
