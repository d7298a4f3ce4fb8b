"""Rows of factors as vectors inside numba kernels: `p * q`, `p + q`, `total(p * q)`.

A plain loop over factors leaves the order of a sum to the compiler or, where IEEE arithmetic
binds it, stays scalar. Here a whole row is one LLVM vector whose width is part of the array's
type: it is held in registers, and each sum is taken in one fixed order of LANES partial
sums. LLVM cuts the vector into whatever registers the machine has (SSE, AVX2, AVX-512) and,
without fast-math, may neither reorder nor fuse: the bits are the same on each of them.
"""

import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, overload, register_model

LANES = 8
"""Partial sums of a total; rows are padded to a multiple of it."""

F = TypeVar("F", bound=Callable[..., Any])


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


class Vector(types.Type):
    """Numba's type of a row: `width` scalars."""

    def __init__(self, scalar: Any, width: int) -> None:
        self.scalar, self.width = scalar, width
        super().__init__(f"Vector({scalar}, {width})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        scalar = manager.lookup(kind.scalar).get_value_type()
        super().__init__(manager, kind, ir.VectorType(scalar, kind.width))


def _field(rows: Any, name: Any) -> tuple[Vector, int]:
    """The vector type and the byte offset of the field `name` in an array of rows."""
    record = rows.dtype
    nested = record.fields[name.literal_value]
    return Vector(nested.type.dtype, nested.type.shape[0]), nested.offset


def _pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Where the vector of (rows, index, field) lies."""
    rows, _, name = signature.args[:3]
    kind, offset = _field(rows, name)
    array = context.make_array(rows)(context, builder, args[0])
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    position = builder.mul(args[1], ir.Constant(args[1].type, rows.dtype.size))
    position = builder.add(position, ir.Constant(args[1].type, offset))
    return builder.bitcast(
        builder.gep(start, [position]), context.get_value_type(kind).as_pointer()
    )


@intrinsic(prefer_literal=True)
def load(typing: Any, rows: Any, index: Any, field: Any) -> Any:
    """The vector `field` of row `index`."""
    kind, _ = _field(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(
            _pointer(context, builder, signature, args), align=kind.scalar.bitwidth // 8
        )

    return kind(rows, types.intp, field), generate


@intrinsic(prefer_literal=True)
def store(typing: Any, rows: Any, index: Any, field: Any, vector: Any) -> Any:
    """Write `vector` to the vector `field` of row `index`."""
    kind, _ = _field(rows, field)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(
            args[3],
            _pointer(context, builder, signature, args),
            align=kind.scalar.bitwidth // 8,
        )
        return context.get_dummy_value()

    return types.none(rows, types.intp, field, kind), generate


@intrinsic
def total(typing: Any, vector: Any) -> Any:
    """The sum of a vector: LANES partial sums, then halves onto halves."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = args[0]

        def part(value: Any, start: int, count: int) -> Any:
            lanes = ir.Constant(
                ir.VectorType(ir.IntType(32), count), list(range(start, start + count))
            )
            return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), lanes)

        sums = part(whole, 0, LANES)
        for start in range(LANES, vector.width, LANES):
            sums = builder.fadd(sums, part(whole, start, LANES))
        count = LANES // 2
        while count:
            sums = builder.fadd(part(sums, 0, count), part(sums, count, count))
            count //= 2
        return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

    return vector.scalar(vector), generate


@intrinsic
def spread(typing: Any, like: Any, scalar: Any) -> Any:
    """A vector of `like`'s type with `scalar` in each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined = ir.Constant(context.get_value_type(like), ir.Undefined)
        first = builder.insert_element(undefined, args[1], ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), like.width), [0] * like.width)
        return builder.shuffle_vector(first, undefined, lanes)

    return like(like, like.scalar), generate


def _lane_by_lane(instruction: str) -> Any:
    @intrinsic
    def apply(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return left(left, right), generate

    return apply


_add, _subtract, _multiply = (_lane_by_lane(name) for name in ("fadd", "fsub", "fmul"))


def _two_vectors(implementation: Any) -> Any:
    return lambda a, b: implementation if isinstance(a, Vector) and a == b else None


# Numba compares the signatures of both lambdas, annotations included: so there are none.
overload(operator.add)(_two_vectors(lambda a, b: _add(a, b)))
overload(operator.sub)(_two_vectors(lambda a, b: _subtract(a, b)))
overload(operator.mul)(_two_vectors(lambda a, b: _multiply(a, b)))
overload(operator.mul)(
    lambda a, b: (
        (lambda a, b: _multiply(spread(b, a), b))
        if isinstance(b, Vector) and a == b.scalar
        else None
    )
)
