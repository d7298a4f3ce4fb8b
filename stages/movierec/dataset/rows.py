"""The second pass over a window: the rows of a dataset, written block by block of users."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from movierec.arrays import Draft
from movierec.dataset.matrix import PARTS
from movierec.dataset.pairs import Pairs
from movierec.dataset.split import Split
from movierec.dataset.support import Support, enough
from movierec.dataset.takeups import Waiting
from movierec.dataset.targets import Ratings


class Sparse:
    """The columns of a matrix by rows: `<name>_indptr`, `<name>_indices`, `<name>_data`."""

    def __init__(self, draft: Draft, name: str, data: DTypeLike | None = None) -> None:
        self.indptr = draft.column(f"{name}_indptr", np.int64)
        self.indices = draft.column(f"{name}_indices", np.int32)
        self.data = None if data is None else draft.column(f"{name}_data", data)
        self.indptr.append(np.zeros(1, np.int64))

    def add(self, counts: NDArray[np.int64], indices: NDArray[np.int32]) -> None:
        """Rows of so many entries each, of these columns."""
        self.indptr.append(self.indices.length + np.cumsum(counts))
        self.indices.append(indices)


class Rows:
    """What of each block of users becomes rows, and what is counted on the way."""

    def __init__(self, draft: Draft, support: Support, n_users: int, min_ratings: int) -> None:
        self.support, self.min_ratings = support, min_ratings
        self.column = np.where(support.stays, np.cumsum(support.stays) - 1, -1).astype(np.int32)
        """(movies of the window,) → column, -1 for one that goes."""
        self.rated = np.zeros(n_users, bool)
        """(users of the window,) who has a training rating, and so a row."""
        self.n_users = 0
        self.parts = {part: Sparse(draft, part, np.float32) for part in PARTS}
        self.watchers = Sparse(draft, "watchers")
        self.watching = draft.column("watchers_users", np.int64)
        self.row, self.time, self.known = (
            draft.scratch(dtype) for dtype in (np.int32, np.int64, np.bool_)
        )
        """Of each training rating: its row, when it was given, and whether it was watched too."""
        self.take_ups = Waiting(draft)
        self.unknown_users = self.pruned_movies = 0
        """Ratings held out by whom no model knows, and of a movie that it does not know."""

    def add(self, start: int, ids: NDArray[np.int64], split: Split) -> None:
        """The users `ids`, from `start` on in the window."""
        train, held, watched = split.train, split.validation, split.watched
        n, column = len(ids), self.column
        rated = enough(train.u, train.i, ~self.support.few, n, self.min_ratings)
        self.rated[start : start + n] = rated
        stay = {}
        for part in PARTS:
            pairs: Pairs = getattr(split, part)
            stay[part] = pairs[rated[pairs.u] & (column[pairs.i] >= 0)]
            self._add(self.parts[part], rated, stay[part])
        trained = stay["train"]
        row = np.cumsum(rated) - 1 + self.n_users
        self.n_users += int(np.count_nonzero(rated))
        self.row.append(row[trained.u])
        self.time.append(trained.time)
        self.known.append(stay["watched"].hold(trained))
        self._add_watchers(ids, rated, watched)
        inside = watched[column[watched.i] >= 0]
        self.take_ups.add(start, self._named(trained), self._named(inside))
        pruned = column[held.i] < 0
        self.pruned_movies += int(np.count_nonzero(pruned))
        self.unknown_users += int(np.count_nonzero(~rated[held.u] & ~pruned))

    def _add(self, to: Sparse, some: NDArray[np.bool_], pairs: Pairs) -> None:
        """A row for each of `some` users."""
        to.add(np.bincount(pairs.u, minlength=len(some))[some], self.column[pairs.i])
        if to.data is not None:
            to.data.append(pairs.value)

    def _add_watchers(
        self, ids: NDArray[np.int64], rated: NDArray[np.bool_], watched: Pairs
    ) -> None:
        """Those with a watch and without a training rating."""
        only = watched[~rated[watched.u] & (self.column[watched.i] >= 0)]
        some = np.bincount(only.u, minlength=len(ids)) > 0
        self.watching.append(ids[some])
        self._add(self.watchers, some, only)

    def _named(self, pairs: Pairs) -> Pairs:
        """Pairs of movies that stay, by their columns."""
        return Pairs(pairs.u, self.column[pairs.i], pairs.value, pairs.time)

    def ratings(self, draft: Draft) -> Ratings:
        """All training ratings, as maps of what was written."""
        i, rating = draft.read("train_indices"), draft.read("train_data")
        return Ratings(self.row.read(), i, rating, self.time.read(), self.known.read())
