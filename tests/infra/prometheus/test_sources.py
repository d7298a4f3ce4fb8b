"""Reports that are not as they should be: named and refused, or read; never a traceback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.prometheus import sources
from movierec.errors import BadInput
from tests.infra.prometheus.batch import REPORTS

OTHERS = (None, "x", 7, True, float("nan"), [], [7], {}, {"x": 7})


def damages(document: Any) -> Iterator[Any]:
    """The document with one value in it replaced by one of another kind, each in turn."""
    places: list[tuple[Any, Any]] = [({"all": document}, "all")]
    for holder, key in places:
        inner = holder[key]
        keys = list(inner) if isinstance(inner, dict) else []
        keys += range(len(inner)) if isinstance(inner, list) else []
        places += [(inner, other) for other in keys]
    for holder, key in places[1:]:
        kept = holder[key]
        for holder[key] in OTHERS:
            yield document
        holder[key] = kept


@pytest.mark.parametrize("source", REPORTS)
def test_whatever_stands_in_a_place_the_report_is_read_or_refused_by_name(
    source: str, tmp_path: Path
) -> None:
    (tmp_path / source).parent.mkdir()
    refused = tried = 0
    for damaged in damages(json.loads(json.dumps(REPORTS[source]))):
        (tmp_path / source).write_text(json.dumps(damaged))
        tried += 1
        try:
            list(sources.REPORTS[source](tmp_path, source))
        except BadInput as error:
            assert source in str(error)
            refused += 1
    assert refused > tried / 9


def test_every_report_that_is_read_has_an_example() -> None:
    assert set(sources.REPORTS) == set(REPORTS)
