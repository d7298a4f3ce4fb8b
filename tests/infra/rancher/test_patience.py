"""How long is waited between two tries, and when it is enough."""

import time

import pytest

from infra.rancher.patience import Patience
from movierec.errors import Unavailable


def test_it_waits_as_long_as_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    patience = Patience(60)
    for asked in (7.0, None, None, 3.0, None):
        patience.wait("why", asked)
    assert waited == [7.0, 0.01, 0.02, 3.0, 0.04]
    with pytest.raises(Unavailable, match=r"why: so for 60 s, or it is to last longer"):
        patience.wait("why", 61.0)
