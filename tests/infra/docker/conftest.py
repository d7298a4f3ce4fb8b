"""What the tests of images share: the folder that they are built from."""

import shutil
from pathlib import Path

import pytest

from infra.repository import files
from movierec.models.kernels import svd, svdpp
from movierec.models.saving import save_model
from tests.infra.docker.containers import ROOT
from tests.inputs.ratings import PARAMS, SCALE, dataset_of, random_ratings

FITS = {"svd": svd.fit, "svdpp": svdpp.fit}


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files, and both models, small ones, where `dvc repro` leaves them."""
    folder = tmp_path_factory.mktemp("context")
    for name in files(ROOT):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    train = random_ratings(200, 60, 0.3)
    for kind, fit in FITS.items():
        model = fit(train, PARAMS[kind](), scale=SCALE)
        save_model(folder / "models" / kind, model, dataset_of(train), {})
    return folder
