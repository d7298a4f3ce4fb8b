"""Numbers as a person reads them: Grafana's units, in steps that fit their size."""

from typing import NamedTuple


class Scale(NamedTuple):
    """Values are multiplied by `factor`; then they are `name`."""

    factor: float
    name: str


BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
TIMES = ((0.001, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s"), (7200.0, 1 / 60, "min"),
         (172_800.0, 1 / 3600, "h"), (float("inf"), 1 / 86_400, "days"))  # fmt: skip
"""Up to so many seconds: multiplied by so much, they are so named."""
RATES = {"reqps": "a second", "cps": "a second", "pps": "a second"}


def scale_of(unit: str, peak: float) -> Scale:
    """How values of a unit are shown, the greatest of them (without its sign) being `peak`.

    >>> scale_of("s", 0.25)
    Scale(factor=1000.0, name='ms')
    >>> scale_of("bytes", 3 << 20).name
    'MiB'
    """
    if unit == "s":
        return next(Scale(factor, name) for most, factor, name in TIMES if peak < most)
    if unit in ("bytes", "Bps"):
        power = 0
        while peak >= 1024 ** (power + 1) and power + 1 < len(BINARY):
            power += 1
        return Scale(1024.0**-power, BINARY[power] + (" a second" if unit == "Bps" else ""))
    if unit == "percentunit":
        return Scale(100.0, "%")
    return Scale(1.0, RATES.get(unit, ""))


def title(axis: str, unit: str, scale: Scale) -> str:
    """What stands at an axis.

    >>> title("duration", "s", scale_of("s", 0.25))
    'duration, ms'
    >>> title("requests", "reqps", scale_of("reqps", 7))
    'requests a second'
    """
    if unit in RATES:
        return f"{axis} {scale.name}"
    if unit == "Bps":
        return scale.name
    return f"{axis}, {scale.name}" if scale.name else axis


def text(value: float, unit: str) -> str:
    """One value, with its unit.

    >>> text(0.0123, "s"), text(0.97, "percentunit"), text(1234.5, "short"), text(2048, "Bps")
    ('12.3 ms', '97 %', '1,234', '2 KiB/s')
    """
    scale = scale_of(unit, abs(value))
    shown = f"{digits(value * scale.factor)} {scale.name}".rstrip()
    return shown.replace(" a second", "/s")


def digits(value: float) -> str:
    """Three digits, or as many as there are before the point.

    >>> digits(0.12345), digits(12345.6), digits(2.0), digits(1e-7)
    ('0.123', '12,346', '2', '1e-07')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
