"""Numbers in units that fit their size."""

import pytest

from infra.grafana.build import BOARDS
from infra.grafana.units import scale_of, text, title


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.000_02, "s", "20 µs"),
        (0.25, "s", "250 ms"),
        (1.0, "s", "1 s"),
        (119.0, "s", "119 s"),
        (7_000.0, "s", "117 min"),
        (90_000.0, "s", "25 h"),
        (864_000.0, "s", "10 days"),
        (0, "bytes", "0 B"),
        (1023, "bytes", "1,023 B"),
        (1024, "bytes", "1 KiB"),
        (-5 * 2**30, "bytes", "-5 GiB"),
        (3 * 2**60, "bytes", "3,145,728 TiB"),
        (2048, "Bps", "2 KiB/s"),
        (12, "reqps", "12/s"),
        (0.123456, "percentunit", "12.3 %"),
        (1.5, "short", "1.5"),
    ],
)
def test_a_value_has_a_unit_that_fits(value: float, unit: str, shown: str) -> None:
    assert text(value, unit) == shown


def test_every_unit_of_a_dashboard_is_known() -> None:
    used = {p.unit for board in BOARDS.values() for row in board.rows for p in row.panels}
    known = {"s", "bytes", "Bps", "percentunit", "reqps", "cps", "pps", "short"}
    assert used <= known
    assert all(title("x", unit, scale_of(unit, 1)) != "x" for unit in known - {"short"})
