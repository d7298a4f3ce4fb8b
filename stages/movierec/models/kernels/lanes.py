"""Rows of factors as vectors inside numba kernels: `p * q`, `p + q`, `dot(p, q)`.

A plain loop over factors leaves the order of a sum to the compiler or, where IEEE arithmetic
binds it, stays scalar. Here a row is a few LLVM vectors of LANES scalars, their number part
of the array's type: it is held in registers, and each sum is taken in one fixed order of LANES
partial sums. LLVM cuts a vector into whatever registers the machine has (SSE, AVX2, AVX-512)
and, without fast-math, may neither reorder nor fuse on its own: the bits are the same on each of
them. Fused multiply-adds are written as such, and IEEE 754 knows one result only; a processor
without them (before 2013) gets it from libm, many times slower.
(One vector for a whole row would be scalar again where its width is no power of two.)
"""

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from movierec.models.kernels import vectors
from movierec.models.kernels.vectors import LANES, Row

PATTERN = 3 * LANES
"""Width of a row that stands for one of any width: its second-last and last vectors are those
of that row, its first is every other one of it. Factors share their learning rate, and the two
bias lanes lie in the last two vectors: so what scales a row fits into three registers."""

CHAINS = 2
"""Sums that a dot product takes side by side, as one alone would wait for each of its steps, and
more would not leave sixteen registers enough for a row of a hundred factors."""

LINE_BYTES = 64
"""Of a cache line."""


Rows = NDArray[Any]
"""(n,) of a `row_type`."""
Twice = tuple[Rows, NDArray[Any]]
"""The same memory as rows and as numbers."""


def width(n: int) -> int:
    """`n` rounded up to whole LANES."""
    return -(-n // LANES) * LANES


def row_type(scalar: np.dtype[Any], lanes: int, *fields: str) -> np.dtype[Any]:
    """The dtype of a row that holds one vector of `lanes` scalars for each of `fields`."""
    return np.dtype([(field, scalar, (lanes,)) for field in fields])


@intrinsic
def align_stack(typing: Any) -> Any:
    """Once in a kernel: rows that the registers cannot hold do not lie across cache lines.

    Without it their place is a matter of luck, and so is the kernel's speed.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        with builder.goto_entry_block():
            aligned = builder.alloca(ir.IntType(8))
        aligned.align = LINE_BYTES
        vectors.something(builder, "r", aligned)  # else it would be left out
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic(prefer_literal=True)
def load(typing: Any, rows: Any, index: Any, field: Any) -> Any:
    """The row `field` of element `index`."""
    kind, _ = vectors.field_of(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = vectors.pointers_to(context, builder, signature.args, args)
        return vectors.row_of(builder, [vectors.read(builder, pointer) for pointer in pointers])

    return kind(rows, types.intp, field), generate


@intrinsic
def prefetch(typing: Any, rows: Any, index: Any) -> Any:
    """Ask for all of element `index`, which will be needed soon, to come into the cache.

    Rows are read in no order, and waiting for memory would be most of the time. An element past
    the last one does no harm: nothing is read.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        array = context.make_array(rows)(context, builder, args[0])
        start = builder.bitcast(array.data, byte)
        position = builder.mul(args[1], ir.Constant(args[1].type, rows.dtype.size))
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        how = [ir.Constant(number, value) for value in (1, 3, 1)]  # to write, to keep, data
        for offset in range(0, rows.dtype.size, LINE_BYTES):
            at = builder.add(position, ir.Constant(args[1].type, offset))
            builder.call(ask, [builder.gep(start, [at]), *how])
        return context.get_dummy_value()

    return types.none(rows, types.intp), generate


@intrinsic(prefer_literal=True)
def store(typing: Any, rows: Any, index: Any, field: Any, row: Any) -> Any:
    """Write `row` to the row `field` of element `index`."""
    kind, _ = vectors.field_of(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = vectors.pointers_to(context, builder, signature.args, args)
        for pointer, part in zip(pointers, vectors.parts_of(builder, args[3]), strict=True):
            vectors.write(builder, part, pointer)
        return context.get_dummy_value()

    return types.none(rows, types.intp, field, kind), generate


@intrinsic
def dot(typing: Any, left: Any, right: Any) -> Any:
    """The dot product of two rows: the products of vector k go to sum k mod CHAINS, these are
    added up, then halves of the last one onto halves."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = list(zip(*(vectors.parts_of(builder, row) for row in args), strict=True))
        chains = [builder.fmul(a, b) for a, b in pairs[:CHAINS]]
        for k, (a, b) in enumerate(pairs[CHAINS:]):
            chains[k % CHAINS] = vectors.fma(builder, a, b, chains[k % CHAINS])
        sums = chains[0]
        for chain in chains[1:]:
            sums = builder.fadd(sums, chain)
        return _halves(builder, sums)

    return left.scalar(left, left), generate


def _halves(builder: Any, sums: Any) -> Any:
    """The sum of a vector's lanes: halves onto halves."""
    count = LANES // 2
    while count:
        low, high = (vectors.lanes_of(builder, sums, start, count) for start in (0, count))
        sums = builder.fadd(low, high)
        count //= 2
    return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))


@intrinsic
def total(typing: Any, row: Any) -> Any:
    """The sum of a row: its vectors in their order, then as `dot` ends."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, *others = vectors.parts_of(builder, args[0])
        for other in others:
            sums = builder.fadd(sums, other)
        return _halves(builder, sums)

    return row.scalar(row), generate


@intrinsic
def add_product(typing: Any, left: Any, right: Any, row: Any) -> Any:
    """left · right + row, lane by lane, each rounded once."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = zip(*(vectors.parts_of(builder, arg) for arg in args), strict=True)
        return vectors.row_of(builder, [vectors.fma(builder, *part) for part in parts])

    return row(left, right, row), generate


@intrinsic
def spread(typing: Any, like: Any, scalar: Any) -> Any:
    """A row of `like`'s type with `scalar` in each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return vectors.row_of(builder, [vectors.spread_over(builder, args[1])] * like.parts)

    return like(like, like.scalar), generate


def _of_pattern(pattern: list[Any], n: int) -> list[Any]:
    """Which vector of a pattern is for each one of a row of `n`: see `PATTERN`."""
    body, *ends = pattern
    return ([body] * n + ends)[-n:] if n > 1 else ends[-1:]


@intrinsic
def scaled(typing: Any, pattern: Any, row: Any) -> Any:
    """A row times a pattern: see `PATTERN`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pattern, row = (vectors.parts_of(builder, arg) for arg in args)
        pairs = zip(_of_pattern(pattern, len(row)), row, strict=True)
        return vectors.row_of(builder, [builder.fmul(*pair) for pair in pairs])

    return row(pattern, row), generate


@intrinsic(prefer_literal=True)
def exchange(
    typing: Any, rows: Any, index: Any, field: Any, row: Any, own: Any, steps: Any, at: Any, e: Any
) -> Any:
    """Move two rows by each other: s, the row `field` of element `index`, and `row`, r.

        s ← keep s + e gain r         r ← keep r + e gain s         (lane by lane, at once)

    Writes s and returns r. The patterns are those of steps[at] by name: keep_<field> and
    gain_<field> for s, keep_<own> and gain_<own> for r. Two rows of a hundred factors with their
    patterns exceed sixteen registers, and moving vectors out and in would be a third of the time:
    so it goes vector by vector and reads again, out of the cache, what need not stay in one.
    """
    names = [
        types.literal(f"{what}_{name.literal_value}")
        for what in ("keep", "gain")
        for name in (field, own)
    ]

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = vectors.pointers_to(context, builder, signature.args, args)
        own_steps = args[5], args[6]
        patterns = (
            _of_pattern(
                vectors.pointers_to(context, builder, (steps, at, name), own_steps), len(pointers)
            )
            for name in names
        )
        error, gained = vectors.spread_over(builder, args[7]), {}
        after = []
        for pointer, r, keep_s, keep_r, *gains in zip(
            pointers, vectors.parts_of(builder, args[3]), *patterns, strict=True
        ):
            vectors.something(builder, "~{memory}")  # else what was read before would be kept
            for gain in gains:
                if gain not in gained:
                    gained[gain] = builder.fmul(error, vectors.read(builder, gain))
            gain_s, gain_r = (gained[gain] for gain in gains)
            s = vectors.read(builder, pointer)
            kept = builder.fmul(vectors.read(builder, keep_s), s)
            vectors.write(builder, vectors.fma(builder, gain_s, r, kept), pointer)
            kept = builder.fmul(vectors.read(builder, keep_r), r)
            after.append(vectors.fma(builder, gain_r, s, kept))
        return vectors.row_of(builder, after)

    return row(rows, types.intp, field, row, own, steps, types.intp, row.scalar), generate


def _lane_by_lane(instruction: str) -> Any:
    @intrinsic
    def apply(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = zip(*(vectors.parts_of(builder, row) for row in args), strict=True)
            return vectors.row_of(builder, [getattr(builder, instruction)(*pair) for pair in pairs])

        return left(left, right), generate

    return apply


_add, _multiply = (_lane_by_lane(name) for name in ("fadd", "fmul"))


def _two_rows(implementation: Any) -> Any:
    return lambda a, b: implementation if isinstance(a, Row) and a == b else None


# Numba compares the signatures of both lambdas, annotations included: so there are none.
overload(operator.add)(_two_rows(lambda a, b: _add(a, b)))
overload(operator.mul)(_two_rows(lambda a, b: _multiply(a, b)))
overload(operator.mul)(
    lambda a, b: (
        (lambda a, b: _multiply(spread(b, a), b)) if isinstance(b, Row) and a == b.scalar else None
    )
)
