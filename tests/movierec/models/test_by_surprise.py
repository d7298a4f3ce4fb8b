"""What the engine `surprise` refuses."""

import pytest

from movierec.errors import BadParams, LimitExceeded
from movierec.models import by_surprise as reference
from tests.inputs.ratings import SCALE, random_ratings, svd_params


@pytest.mark.parametrize("change", [{"lr_decay": 0.1}, {"holdout_share": 0.1}])
def test_what_surprise_does_not_know_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadParams, match="knows no lr_decay or holdout_share"):
        reference.fit_svd(random_ratings(5, 5, 0.5), svd_params(**change), SCALE, "float32")


def test_a_diverged_fit_is_no_model() -> None:
    hyper = svd_params(lr_pu=50.0, lr_qi=50.0)
    with pytest.raises(LimitExceeded, match="svd: training by scikit-surprise diverged"):
        reference.fit_svd(random_ratings(30, 20, 0.5), hyper, SCALE, "float64")
