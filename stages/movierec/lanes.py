"""Rows of factors as vectors inside numba kernels: `p * q`, `p + q`, `total(p * q)`.

A plain loop over factors leaves the order of a sum to the compiler or, where IEEE arithmetic
binds it, stays scalar. Here a row is a few LLVM vectors of LANES scalars, their number part
of the array's type: it is held in registers, and each sum is taken in one fixed order of LANES
partial sums. LLVM cuts a vector into whatever registers the machine has (SSE, AVX2, AVX-512)
and, without fast-math, may neither reorder nor fuse: the bits are the same on each of them.
(One vector for a whole row would be scalar again where its width is no power of two.)
"""

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from movierec.arrays import sha256_of

LANES = 8
"""Scalars in a vector and partial sums of a total; rows are padded to a multiple of it."""

PATTERN = 3 * LANES
"""Width of a row that stands for one of any width: its second-last and last vectors are those
of that row, its first is every other one of it. Factors share their learning rate, and the two
bias lanes lie in the last two vectors: so what scales a row fits into three registers."""

LINE_BYTES = 64
"""Of a cache line."""

F = TypeVar("F", bound=Callable[..., Any])


# Numba keeps machine code by the file of the function alone; kernels also hold code from here.
config.CACHE_DIR = str(Path(__file__).parent / "__pycache__" / f"lanes-{sha256_of(Path(__file__))}")


def kernel(function: F) -> F:
    """Compile `function` to machine code, once per signature, kept on disk.

    Division by zero gives ±inf or nan as in IEEE; the callers look for them.
    """
    compiled: F = njit(cache=True, error_model="numpy")(function)
    return compiled


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


def _pointers(context: Any, builder: Any, signature: Any, args: Any) -> list[Any]:
    """Where the vectors of (rows, index, field) lie."""
    rows, _, name = signature.args[:3]
    kind, offset = _field(rows, name)
    array = context.make_array(rows)(context, builder, args[0])
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    position = builder.mul(args[1], ir.Constant(args[1].type, rows.dtype.size))
    position = builder.add(position, ir.Constant(args[1].type, offset))
    scalar = context.get_value_type(kind.scalar)
    first = builder.bitcast(
        builder.gep(start, [position]), ir.VectorType(scalar, LANES).as_pointer()
    )
    return [builder.gep(first, [ir.Constant(args[1].type, k)]) for k in range(kind.parts)]


@intrinsic(prefer_literal=True)
def load(typing: Any, rows: Any, index: Any, field: Any) -> Any:
    """The row `field` of element `index`."""
    kind, _ = _field(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        align = kind.scalar.bitwidth // 8
        pointers = _pointers(context, builder, signature, args)
        return _row(builder, [builder.load(pointer, align=align) for pointer in pointers])

    return kind(rows, types.intp, field), generate


@intrinsic
def prefetch(typing: Any, rows: Any, index: Any) -> Any:
    """Ask for all of element `index`, which will be needed soon, to come into the cache.

    Rows are read in no order, and waiting for memory would be most of the time.
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
        align = kind.scalar.bitwidth // 8
        pointers = _pointers(context, builder, signature, args)
        for pointer, part in zip(pointers, _parts(builder, args[3]), strict=True):
            builder.store(part, pointer, align=align)
        return context.get_dummy_value()

    return types.none(rows, types.intp, field, kind), generate


@intrinsic
def total(typing: Any, row: Any) -> Any:
    """The sum of a row: vectors pair by pair, then halves of the last one onto halves."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _parts(builder, args[0])
        while len(parts) > 1:  # pair by pair: a chain of sums would wait for each of them
            pairs = zip(parts[::2], parts[1::2], strict=False)
            parts = [builder.fadd(a, b) for a, b in pairs] + parts[len(parts) // 2 * 2 :]
        sums = parts[0]
        count = LANES // 2
        while count:
            low, high = (_lanes(builder, sums, start, count) for start in (0, count))
            sums = builder.fadd(low, high)
            count //= 2
        return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

    return row.scalar(row), generate


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
        vector = ir.VectorType(args[1].type, LANES)
        undefined = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(undefined, args[1], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return _row(builder, [builder.shuffle_vector(first, undefined, zeros)] * like.parts)

    return like(like, like.scalar), generate


@intrinsic
def scaled(typing: Any, pattern: Any, row: Any) -> Any:
    """A row times a pattern: see `PATTERN`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        body, *ends = _parts(builder, args[0])
        parts = _parts(builder, args[1])
        factors = ([body] * len(parts) + ends)[-len(parts) :] if len(parts) > 1 else ends[-1:]
        return _row(
            builder, [builder.fmul(f, part) for f, part in zip(factors, parts, strict=True)]
        )

    return row(pattern, row), generate


def _lane_by_lane(instruction: str) -> Any:
    @intrinsic
    def apply(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = zip(*(_parts(builder, row) for row in args), strict=True)
            return _row(builder, [getattr(builder, instruction)(*pair) for pair in pairs])

        return left(left, right), generate

    return apply


_add, _subtract, _multiply = (_lane_by_lane(name) for name in ("fadd", "fsub", "fmul"))


def _two_rows(implementation: Any) -> Any:
    return lambda a, b: implementation if isinstance(a, Row) and a == b else None


# Numba compares the signatures of both lambdas, annotations included: so there are none.
overload(operator.add)(_two_rows(lambda a, b: _add(a, b)))
overload(operator.sub)(_two_rows(lambda a, b: _subtract(a, b)))
overload(operator.mul)(_two_rows(lambda a, b: _multiply(a, b)))
overload(operator.mul)(
    lambda a, b: (
        (lambda a, b: _multiply(spread(b, a), b)) if isinstance(b, Row) and a == b.scalar else None
    )
)
