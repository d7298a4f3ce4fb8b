"""How the night's job ended, last time and the last time well."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from infra.prometheus.samples import Sample
from movierec.errors import BadInput

WELL, ILL = "success", "failure"
NIGHT = "movierec_nightly_"
RUN, FAILED, SUCCESS = (
    NIGHT + name
    for name in ("last_run_timestamp_seconds", "failed", "last_success_timestamp_seconds")
)


def ended(outcome: str | None, now: float) -> Iterator[Sample]:
    """What a job says that ends now (s since 1970), if one does."""
    if outcome is not None:
        yield Sample(RUN, now)
        yield Sample(FAILED, outcome != WELL)
    if outcome == WELL:
        yield Sample(SUCCESS, now)


def remembered(outcome: str | None, before: Path) -> Iterator[Sample]:
    """What the file that is replaced knew, and a job that ends so does not tell anew. Raises
    BadInput when it cannot be read; where there is none nothing was known."""
    gone = {name for name, *_ in ended(outcome, 0.0)}
    try:
        families = list(text_string_to_metric_families(before.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise BadInput(f"{before}: what it knew of the nights is lost: {error}") from None
    for family in families:
        if family.name in {RUN, FAILED, SUCCESS} - gone:
            yield from (Sample(family.name, sample.value) for sample in family.samples)
