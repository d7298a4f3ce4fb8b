"""What a dashboard is made of, before Grafana's own form of it: boards, rows, panels."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Panel:
    """One picture: what it shows, in which unit (Grafana's name of it), and who warns of it."""

    title: str
    unit: str
    axis: str
    """What the numbers are, at the axis."""
    about: str
    """What one reads from it, and what is good."""
    queries: Mapping[str, str]
    """Name of a series → expression of PromQL. In a name, `{{label}}` is the label's value."""
    bounds: Mapping[str, str] = field(default_factory=dict)
    """The same of the ends of an interval around the first query, series by series."""
    alerts: tuple[str, ...] = ()
    """Whose runbooks it links."""
    limit: float | None = None
    """Where somebody is called: a line across."""
    stacked: bool = False
    """Its series are parts of one whole."""
    number: bool = False
    """The last value alone, large."""
    least: float | None = 0
    """The axis begins here; None: where the values do."""
    most: float | None = None
    empty: str = ""
    """Why it may rightly show nothing."""
    width: int = 8
    """Of 24."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Choice:
    """What a reader picks at the top: values of a label of a metric."""

    name: str
    title: str
    metric: str
    """Whose label it is: a selector, which may name choices above this one."""
    of: str = ""
    """The label, where it is not called like the choice."""

    @property
    def label(self) -> str:
        """The label whose values are chosen from."""
        return self.of or self.name


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    uid: str
    title: str
    about: str
    choices: tuple[Choice, ...]
    rows: tuple[Row, ...]
