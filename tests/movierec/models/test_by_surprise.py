"""The engine `surprise`: the same models as ours, and what it refuses."""

import numpy as np
import pytest

from movierec.dataset.matrix import csr, rows_of
from movierec.errors import BadParams, LimitExceeded
from movierec.models import by_surprise
from movierec.models.kinds import KINDS
from movierec.models.model import Epoch
from tests.inputs.ratings import PARAMS, SCALE, random_ratings, svd_params, svdpp_params


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_it_gives_a_model_of_ours(kind: str) -> None:
    every, hyper = random_ratings(60, 40, 0.25), PARAMS[kind]()
    some = every.indices != 7  # a movie that nobody rated
    train = csr(rows_of(every)[some], every.indices[some], every.data[some], every.shape)
    ours = KINDS[kind].fit(train, hyper, scale=SCALE, dtype="float64")
    told: list[Epoch] = []
    by = KINDS[kind].by_surprise
    assert by is not None
    theirs = by(train, hyper, scale=SCALE, dtype="float64", on_epoch=told.append)
    assert theirs.entries().keys() == ours.entries().keys()
    for name, array in ours.arrays().items():
        np.testing.assert_allclose(theirs.arrays()[name], array, atol=1e-9)
    (last,) = told
    assert (last.number, last.model()) == (20, theirs)
    off = theirs.predict(rows_of(train), train.indices) - train.data
    assert last.rmse == pytest.approx(np.sqrt(np.mean(off**2)))


@pytest.mark.parametrize("change", [{"lr_decay": 0.1}, {"holdout_share": 0.1}])
def test_what_surprise_does_not_know_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadParams, match="knows no lr_decay or holdout_share"):
        by_surprise.fit_svd(random_ratings(5, 5, 0.5), svd_params(**change), scale=SCALE)


def test_surprise_fits_one_member_and_says_so() -> None:
    with pytest.raises(BadParams, match="engine surprise fits one member; set members to 1"):
        by_surprise.fit_svd(random_ratings(5, 5, 0.5), svd_params(members=2), scale=SCALE)


def test_surprise_knows_no_watches_and_says_so() -> None:
    train = random_ratings(5, 5, 0.5)
    with pytest.raises(BadParams, match="engine surprise knows rated movies only; set implicit"):
        by_surprise.fit_svdpp(train, svdpp_params(), watched=train, scale=SCALE)


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_surprise_knows_no_weights_and_says_so(kind: str) -> None:
    by, train = KINDS[kind].by_surprise, random_ratings(5, 5, 0.5)
    assert by is not None
    weights = np.array([1, 0.02, 1, 1, 0.5], np.float32)
    with pytest.raises(
        BadParams, match="no weights, and 2 users weigh less than 1; set engine"
    ) as no:
        by(train, PARAMS[kind](), weights=weights, scale=SCALE)
    assert "shilling.weight, and each of shilling.by_hand, to 1" in str(no.value)
    assert by(train, PARAMS[kind](), weights=np.ones(5, np.float32), scale=SCALE)


def test_a_diverged_fit_is_no_model() -> None:
    hyper = svd_params(lr_pu=50.0, lr_qi=50.0)
    with pytest.raises(LimitExceeded, match="svd: training by scikit-surprise diverged"):
        by_surprise.fit_svd(random_ratings(30, 20, 0.5), hyper, scale=SCALE)
