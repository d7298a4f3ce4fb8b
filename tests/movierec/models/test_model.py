"""What of a model is stored is what its fields say."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from movierec.models.model import Floats, Hyper, Model, shape


@dataclass(frozen=True, kw_only=True)
class Two(Model):
    kind: ClassVar[str] = "two"
    note: str
    first: Floats = field(metadata=shape("n_users"))
    second: Floats = field(metadata=shape("n_users", "n_movies"))

    def predict(self, u: Any, i: Any) -> Any:
        return self.second[u, i]

    def scores(self, u: int) -> Any:
        return self.second[u]

    def scores_for(self, items: Any, ratings: Any, watched: Any) -> Any:
        return self.first


def test_arrays_have_a_shape_and_entries_have_none() -> None:
    one, two = np.zeros(2), np.zeros((2, 3))
    model = Two(scale=(0.0, 1.0), hyper=Hyper(), note="n", first=one, second=two)
    assert list(model.arrays()) == ["first", "second"]
    assert model.arrays()["first"] is one
    assert model.entries() == {"note": "n"}
    assert [f.metadata["shape"] for f in Two.array_fields()] == [
        ("n_users",),
        ("n_users", "n_movies"),
    ]


def test_a_model_that_cannot_answer_is_none() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Half(Model):
        kind: ClassVar[str] = "half"

        def predict(self, u: Any, i: Any) -> Any:
            return u

    with pytest.raises(TypeError, match="abstract"):
        Half(scale=(0.0, 1.0), hyper=Hyper())  # type: ignore[abstract]
