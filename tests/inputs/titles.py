"""Two saved models, SVD and SVD++ with uptake, of movies that have names."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from movierec.models.kernels import svd, svdpp
from movierec.models.saving import save_model
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import fitted

TITLES = {
    "the+lord+of+the+rings+2001": "The Lord of the Rings (2001)",
    "spider-man+2+2004": "Spider-Man 2 (2004)",
    "rocky+iii+1982": "Rocky III (1982)",
    "m*a*s*h+1970": "M*A*S*H (1970)",
    "e.t.+the+extra-terrestrial+1982": "E.T. the Extra-Terrestrial (1982)",
    "2001+a+space+odyssey+1968": "2001 a Space Odyssey (1968)",
    "1984": "1984",
    "1917+2019": "1917 (2019)",
    "what+are+you+waiting+for+2010": "What Are You Waiting For (2010)",
    "the+voyage+": "The Voyage",
    "slow._voyage+2007": "Slow. Voyage (2007)",
    "ocean_s+eleven+1960": "Ocean s Eleven (1960)",
    "+": "+",
}
"""slug → how people read it."""
USERS = np.arange(100, 130)


def save_both(folder: Path) -> None:
    """Write `svd` and `svdpp` into a folder."""
    slugs = [*TITLES, *(f"movie+no.+{i}+{1950 + i}" for i in range(28))]
    movies = np.array(sorted(slug.encode() for slug in slugs))
    train = random_ratings(len(USERS), len(movies), 0.2)
    dataset = replace(dataset_of(train), users=USERS, movies=movies)
    uptake = fitted((train.indptr.astype(np.int64), train.indices), len(movies))
    few = {"n_factors": 5, "n_epochs": 4}
    one = svd.fit(train, svd_params(**few), scale=SCALE)
    plus = svdpp.fit(train, svdpp_params(**few), scale=SCALE, watched=train)
    for name, model in (("svd", one), ("svdpp", plus)):
        save_model(folder / name, model, dataset, {}, uptake)
