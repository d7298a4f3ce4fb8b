"""One side of the uptake moved: one coordinate after the other, each to its minimum.

Of a row w with its movies N (or of a movie with its users), the factors h of all m of the others,
and G = Σ_i h_i h_iᵀ over them (Pilászy, Zibriczky and Tikk 2010; Rendle et al. 2021):

    w_f ← w_f + (Σ_{i∈N} e_i h_if − α (Gw)_f − λ' w_f) / (Σ_{i∈N} h_if² + α G_ff + λ')

with e_i = 1 − w·h_i and λ' = λ √(|N| + α m). One pass over N moves e by the last step and sums
what the next one needs. Movies lie side by side in a vector, so that a sum over them has one order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.matrix import ENTRIES, grouped
from movierec.models.kernels.cache import inner, kernel
from movierec.models.kernels.lanes import (
    Rows,
    Twice,
    add_product,
    align_stack,
    load,
    prefetch,
    row_type,
    spread,
    store,
    total,
    width,
)
from movierec.models.kernels.sharing import Work, parts_of, share_out
from movierec.models.kernels.vectors import LANES
from movierec.models.uptake import Uptake

Room = tuple[Rows, Rows, Rows, NDArray[Any], NDArray[Any], NDArray[Any]]
"""A row at work: itself and G w; the errors of N; their factors, coordinate by coordinate. Each
of these stands twice, as rows and as numbers."""
CHUNK = 2 * LANES
"""How many of N lie side by side: two sums, as one alone would wait for each of its steps."""
FEW = 8
"""Up to so many chunks, a row's factors lie near enough to each other to be written user by user,
which asks for each row of H once; beyond, a line of the cache is written whole, at once."""
BLOCK = 64
"""Rows of a Gram matrix that are summed in their own precision, before that is added in float64."""


def rows(scalar: np.dtype[Any], count: int, lanes: int) -> Rows:
    """(count,) zeros of `lanes` lanes."""
    return np.zeros(count, row_type(scalar, width(lanes), "x"))


def support(
    of: tuple[NDArray[np.int64], NDArray[np.int32]], weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """(rows,) how many there are in each row of (indptr, indices), or what they weigh together."""
    counts = np.diff(of[0])
    if weights is None:
        return counts.astype(np.float64)
    total = np.empty(len(counts))
    for first, end in grouped(of[0], ENTRIES):
        row = np.repeat(np.arange(end - first), counts[first:end])
        held = weights[of[1][of[0][first] : of[0][end]]]
        total[first:end] = np.bincount(row, held, end - first)
    return total


def half(
    N: tuple[NDArray[np.int64], NDArray[np.int32]],
    H: Rows,
    W: Rows,
    hyper: Uptake,
    weights: NDArray[np.float64] | None = None,
    threads: int = 1,
) -> None:
    """Each coordinate of each row of W once, to its minimum; H stays. `threads` changes no bit.

    N is (indptr, indices): which rows of H each row of W took up. `weights`, (len(H),), say for how
    many each row of H counts: ω (1 − w·h)² = (√ω − w·√ω h)², so it is its row times √ω.
    """
    counts = np.diff(N[0])
    W["x"][counts == 0] = 0
    if len(N[1]) == 0:
        return
    scalar, lanes = H["x"].dtype, H["x"].shape[1]
    room, aims, everyone = -(-int(counts.max()) // CHUNK), np.ones(len(H), scalar), float(len(H))
    if weights is not None:
        aims, everyone = np.sqrt(weights).astype(scalar), float(np.add.accumulate(weights)[-1])
        weighed = rows(scalar, len(H), lanes)
        weighed["x"] = H["x"] * aims[:, None]
        H = weighed
    G = rows(scalar, lanes, lanes)
    G["x"] = hyper.unobserved * gram(H)
    taken = np.flatnonzero(counts)
    taken = taken[np.argsort(-counts[taken], kind="stable")]
    pairs = np.append(np.arange(0, len(taken), 2), len(taken))
    shrink = hyper.reg * np.sqrt(support(N, weights) + hyper.unobserved * everyone)

    def enter() -> Work:
        # The largest row's, of which a thread that has smaller ones alone touches a part.
        one, other = (_room(scalar, lanes, room * lanes, room) for _ in range(2))

        def do(first: int, end: int) -> None:
            some = taken[pairs[first] : pairs[end]]
            h, g = (H, H["x"]), (G, G["x"])
            _half(*N, some, h, W["x"], hyper.n_factors, aims, shrink, g, one, other)

        return do

    held = np.append(0, np.cumsum(counts[taken]))[pairs]
    share_out(parts_of(held), enter, threads)


def _room(scalar: np.dtype[Any], lanes: int, factors: int, errors: int) -> Room:
    """Zeros for one row at a time: see `Room`."""
    tables = rows(scalar, 2, lanes), rows(scalar, errors, CHUNK), rows(scalar, factors, CHUNK)
    w, e, B = tables
    return (*tables, w["x"], e.view(scalar), B.view(scalar))


def gram(H: Rows) -> NDArray[np.float64]:
    """(lanes, lanes) Σ h hᵀ over the rows of H, in their order."""
    lanes = H["x"].shape[1]
    G, part = np.zeros((lanes, lanes)), rows(H["x"].dtype, lanes, lanes)
    _gram(H, H["x"], part, part["x"], G)
    return G


@kernel
def _gram(
    H: Rows, flat: NDArray[Any], part: Rows, flat_part: NDArray[Any], G: NDArray[np.float64]
) -> None:
    align_stack()
    lanes = len(part)
    nothing = load(part, 0, "x")
    for start in range(0, len(H), BLOCK):
        end = min(start + BLOCK, len(H))
        for a in range(lanes):
            row = nothing
            for i in range(start, end):
                row = add_product(spread(nothing, flat[i, a]), load(H, i, "x"), row)
            store(part, a, "x", row)
        G += flat_part


@kernel
def _half(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    taken: NDArray[np.int64],
    H: Twice,
    W: NDArray[Any],
    k: int,
    aims: NDArray[Any],
    shrink: NDArray[np.float64],
    G: Twice,
    one: Room,
    other: Room,
) -> None:
    """`half` for the rows `taken`; G is α Σ h hᵀ, `aims` what w·h of each h is to be,
    and `shrink` λ' of each w.

    Each step waits for the one before it: so two rows go side by side. The last of an odd number
    goes beside itself, twice the same.
    """
    align_stack()
    last = len(taken) - 1
    for place in range(0, last + 1, 2):
        u, v = taken[place], taken[min(place + 1, last)]
        _begin(indices[indptr[u] : indptr[u + 1]], H, aims, W[u], k, G[0], one)
        _begin(indices[indptr[v] : indptr[v + 1]], H, aims, W[v], k, G[0], other)
        n, m = indptr[u + 1] - indptr[u], indptr[v + 1] - indptr[v]
        own = W.dtype.type(shrink[u]), W.dtype.type(shrink[v])
        steps = W.dtype.type(0), W.dtype.type(0)
        for f in range(k):
            steps = (
                _step(f, steps[0], own[0], -(-n // CHUNK), G, one),
                _step(f, steps[1], own[1], -(-m // CHUNK), G, other),
            )
        for f in range(k):
            W[u, f] = one[3][0, f]
            W[v, f] = other[3][0, f]


@inner
def _begin(
    N: NDArray[np.int32],
    H: Twice,
    aims: NDArray[Any],
    w: NDArray[Any],
    k: int,
    G: Rows,
    room: Room,
) -> None:
    """Fill the room of a row w: itself, G w, the factors of N, and what each errs by.

    The factors go chunk by chunk, and the next chunk's rows of H are asked for meanwhile: they lie
    in no order, and waiting for them was a third of the time.
    """
    wide, e, B, flat, errors, factors = room
    asked, flat_H = H
    chunks = -(-len(N) // CHUNK)
    zero = flat_H.dtype.type(0)
    none, nothing = spread(load(e, 0, "x"), zero), spread(load(G, 0, "x"), zero)
    Gw = nothing
    for f in range(k):
        flat[0, f] = w[f]
        Gw = add_product(spread(nothing, w[f]), load(G, f, "x"), Gw)
    store(wide, 1, "x", Gw)
    for c in range(chunks):
        start = c * CHUNK
        stop = min(start + CHUNK, len(N))
        for t in range(stop, min(stop + CHUNK, len(N))):
            prefetch(asked, N[t])
        if stop - start < CHUNK:
            store(e, c, "x", none)
            for f in range(k):
                store(B, f * chunks + c, "x", none)
        for t in range(start, stop):
            errors[t] = aims[N[t]]
        if chunks > FEW and stop - start == CHUNK:
            for f in range(k):
                place = (f * chunks + c) * CHUNK
                for t in range(CHUNK):
                    factors[place + t] = flat_H[N[start + t], f]
        else:
            for t in range(start, stop):
                h = flat_H[N[t]]
                for f in range(k):
                    factors[f * chunks * CHUNK + t] = h[f]
        x = load(e, c, "x")
        for f in range(k):
            x = add_product(spread(none, -w[f]), load(B, f * chunks + c, "x"), x)
        store(e, c, "x", x)


@inner
def _step(f: int, before: Any, shrink: Any, chunks: int, G: Twice, room: Room) -> Any:
    """Move coordinate f to its minimum; `before` is how far f − 1 has moved. Returns how far."""
    wide, e, B, flat, _, _ = room
    one = flat.dtype.type(1)
    none = spread(load(e, 0, "x"), one - one)
    gain, size, moved = none, none, spread(none, -before)
    for c in range(chunks):
        x, y = load(e, c, "x"), load(B, f * chunks + c, "x")
        if f:
            x = add_product(moved, load(B, (f - 1) * chunks + c, "x"), x)
            store(e, c, "x", x)
        gain, size = add_product(x, y, gain), add_product(y, y, size)
    scale = one / (total(size) + G[1][f, f] + shrink)
    by = (total(gain) - (flat[1, f] + shrink * flat[0, f])) * scale
    flat[0, f] += by
    Gw = load(wide, 1, "x")
    store(wide, 1, "x", add_product(spread(Gw, by), load(G[0], f, "x"), Gw))
    return by
