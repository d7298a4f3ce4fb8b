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
from numba.extending import intrinsic, models, overload, register_model

LANES = 8
"""Scalars in a vector and partial sums of a total; rows are padded to a multiple of it."""

PATTERN = 3 * LANES
"""Width of a row that stands for one of any width: its second-last and last vectors are those
of that row, its first is every other one of it. Factors share their learning rate, and the two
bias lanes lie in the last two vectors: so what scales a row fits into three registers."""

CHAINS = 2
"""Sums that a dot product takes side by side, as one alone would wait for each of its steps, and
more would not leave sixteen registers enough for a row of a hundred factors."""

LINE_BYTES = 64
"""Of a cache line."""


def width(n: int) -> int:
    """`n` rounded up to whole LANES."""
    return -(-n // LANES) * LANES


def row_type(scalar: np.dtype[Any], lanes: int, *fields: str) -> np.dtype[Any]:
    """The dtype of a row that holds one vector of `lanes` scalars for each of `fields`."""
    return np.dtype([(field, scalar, (lanes,)) for field in fields])


class Row(types.Type):
    """Numba's type of a row in registers: `width` scalars in `parts` vectors."""

    def __init__(self, scalar: Any, width: int) -> None:
        self.scalar, self.width, self.parts = scalar, width, width // LANES
        super().__init__(f"Row({scalar}, {width})")


@register_model(Row)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Row) -> None:
        scalar = manager.lookup(kind.scalar).get_value_type()
        vector = ir.VectorType(scalar, LANES)
        super().__init__(manager, kind, ir.LiteralStructType([vector] * kind.parts))


def _parts(builder: Any, row: Any) -> list[Any]:
    """The vectors of a row."""
    return [builder.extract_value(row, k) for k in range(len(row.type.elements))]


def _row(builder: Any, parts: list[Any]) -> Any:
    """The row of some vectors."""
    row = ir.Constant(ir.LiteralStructType([part.type for part in parts]), ir.Undefined)
    for k, part in enumerate(parts):
        row = builder.insert_value(row, part, k)
    return row


def _field(rows: Any, name: Any) -> tuple[Row, int]:
    """The type and the byte offset of the field `name` in an array of rows."""
    record = rows.dtype
    nested = record.fields[name.literal_value]
    return Row(nested.type.dtype, nested.type.shape[0]), nested.offset


def _pointers(context: Any, builder: Any, kinds: Any, values: Any) -> list[Any]:
    """Where the vectors of (rows, index, field) lie, by their numba types and their values."""
    rows, _, name = kinds[:3]
    kind, offset = _field(rows, name)
    array = context.make_array(rows)(context, builder, values[0])
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    position = builder.mul(values[1], ir.Constant(values[1].type, rows.dtype.size))
    position = builder.add(position, ir.Constant(values[1].type, offset))
    scalar = context.get_value_type(kind.scalar)
    first = builder.bitcast(
        builder.gep(start, [position]), ir.VectorType(scalar, LANES).as_pointer()
    )
    return [builder.gep(first, [ir.Constant(values[1].type, k)]) for k in range(kind.parts)]


def _load(builder: Any, pointer: Any) -> Any:
    """The vector at `pointer`, which need not be aligned for it."""
    return builder.load(pointer, align=1)


def _store(builder: Any, vector: Any, pointer: Any) -> None:
    """Write a vector."""
    builder.store(vector, pointer, align=1)


def _something(builder: Any, constraint: str, *args: Any) -> None:
    """No instruction, but for all the compiler knows something happens here with `args`."""
    kind = ir.FunctionType(ir.VoidType(), [arg.type for arg in args])
    builder.call(ir.InlineAsm(kind, "", constraint, side_effect=True), args)


@intrinsic
def align_stack(typing: Any) -> Any:
    """Once in a kernel: rows that the registers cannot hold do not lie across cache lines.

    Without it their place is a matter of luck, and so is the kernel's speed.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        with builder.goto_entry_block():
            aligned = builder.alloca(ir.IntType(8))
        aligned.align = LINE_BYTES
        _something(builder, "r", aligned)  # else it would be left out
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic(prefer_literal=True)
def load(typing: Any, rows: Any, index: Any, field: Any) -> Any:
    """The row `field` of element `index`."""
    kind, _ = _field(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = _pointers(context, builder, signature.args, args)
        return _row(builder, [_load(builder, pointer) for pointer in pointers])

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
    kind, _ = _field(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = _pointers(context, builder, signature.args, args)
        for pointer, part in zip(pointers, _parts(builder, args[3]), strict=True):
            _store(builder, part, pointer)
        return context.get_dummy_value()

    return types.none(rows, types.intp, field, kind), generate


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The vector a b + c, each lane rounded once."""
    scalar = "f32" if a.type.element == ir.FloatType() else "f64"
    kind = ir.FunctionType(a.type, [a.type] * 3)
    fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}{scalar}")
    return builder.call(fma, [a, b, c])


@intrinsic
def dot(typing: Any, left: Any, right: Any) -> Any:
    """The dot product of two rows: the products of vector k go to sum k mod CHAINS, these are
    added up, then halves of the last one onto halves."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = list(zip(*(_parts(builder, row) for row in args), strict=True))
        chains = [builder.fmul(a, b) for a, b in pairs[:CHAINS]]
        for k, (a, b) in enumerate(pairs[CHAINS:]):
            chains[k % CHAINS] = _fma(builder, a, b, chains[k % CHAINS])
        sums = chains[0]
        for chain in chains[1:]:
            sums = builder.fadd(sums, chain)
        count = LANES // 2
        while count:
            low, high = (_lanes(builder, sums, start, count) for start in (0, count))
            sums = builder.fadd(low, high)
            count //= 2
        return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

    return left.scalar(left, left), generate


def _lanes(builder: Any, vector: Any, start: int, count: int) -> Any:
    """`count` lanes of a vector from `start` on."""
    lanes = ir.VectorType(ir.IntType(32), count)
    undefined = ir.Constant(vector.type, ir.Undefined)
    chosen = ir.Constant(lanes, list(range(start, start + count)))
    return builder.shuffle_vector(vector, undefined, chosen)


@intrinsic
def spread(typing: Any, like: Any, scalar: Any) -> Any:
    """A row of `like`'s type with `scalar` in each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _row(builder, [_spread(builder, args[1])] * like.parts)

    return like(like, like.scalar), generate


def _spread(builder: Any, scalar: Any) -> Any:
    """A vector with `scalar` in each lane."""
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)


def _of_pattern(pattern: list[Any], n: int) -> list[Any]:
    """Which vector of a pattern is for each one of a row of `n`: see `PATTERN`."""
    body, *ends = pattern
    return ([body] * n + ends)[-n:] if n > 1 else ends[-1:]


@intrinsic
def scaled(typing: Any, pattern: Any, row: Any) -> Any:
    """A row times a pattern: see `PATTERN`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pattern, row = (_parts(builder, arg) for arg in args)
        pairs = zip(_of_pattern(pattern, len(row)), row, strict=True)
        return _row(builder, [builder.fmul(*pair) for pair in pairs])

    return row(pattern, row), generate


@intrinsic(prefer_literal=True)
def exchange(
    typing: Any, rows: Any, index: Any, field: Any, row: Any, own: Any, steps: Any, e: Any
) -> Any:
    """Move two rows by each other: s, the row `field` of element `index`, and `row`, r.

        s ← keep s + e gain r         r ← keep r + e gain s         (lane by lane, at once)

    Writes s and returns r. The patterns are those of steps[0] by name: keep_<field> and
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
        pointers = _pointers(context, builder, signature.args, args)
        first = args[5], ir.Constant(args[1].type, 0)
        patterns = (
            _of_pattern(_pointers(context, builder, (steps, index, name), first), len(pointers))
            for name in names
        )
        error, gained = _spread(builder, args[6]), {}
        after = []
        for pointer, r, keep_s, keep_r, *gains in zip(
            pointers, _parts(builder, args[3]), *patterns, strict=True
        ):
            _something(builder, "~{memory}")  # else what was read before would be kept
            for gain in gains:
                if gain not in gained:
                    gained[gain] = builder.fmul(error, _load(builder, gain))
            gain_s, gain_r = (gained[gain] for gain in gains)
            s = _load(builder, pointer)
            kept = builder.fmul(_load(builder, keep_s), s)
            _store(builder, _fma(builder, gain_s, r, kept), pointer)
            kept = builder.fmul(_load(builder, keep_r), r)
            after.append(_fma(builder, gain_r, s, kept))
        return _row(builder, after)

    return row(rows, types.intp, field, row, own, steps, row.scalar), generate


def _lane_by_lane(instruction: str) -> Any:
    @intrinsic
    def apply(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = zip(*(_parts(builder, row) for row in args), strict=True)
            return _row(builder, [getattr(builder, instruction)(*pair) for pair in pairs])

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
