"""Rows as LLVM sees them: a few vectors of LANES scalars, in registers or in memory.

What `lanes` offers to kernels is built of these; each takes an IR builder and IR values.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

LANES = 8
"""Scalars in a vector and partial sums of a total; rows are padded to a multiple of it."""


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


def parts_of(builder: Any, row: Any) -> list[Any]:
    """The vectors of a row."""
    return [builder.extract_value(row, k) for k in range(len(row.type.elements))]


def row_of(builder: Any, parts: list[Any]) -> Any:
    """The row of some vectors."""
    row = ir.Constant(ir.LiteralStructType([part.type for part in parts]), ir.Undefined)
    for k, part in enumerate(parts):
        row = builder.insert_value(row, part, k)
    return row


def field_of(rows: Any, name: Any) -> tuple[Row, int]:
    """The type and the byte offset of the field `name` in an array of rows."""
    record = rows.dtype
    nested = record.fields[name.literal_value]
    return Row(nested.type.dtype, nested.type.shape[0]), nested.offset


def pointers_to(context: Any, builder: Any, kinds: Any, values: Any) -> list[Any]:
    """Where the vectors of (rows, index, field) lie, by their numba types and their values."""
    rows, _, name = kinds[:3]
    kind, offset = field_of(rows, name)
    array = context.make_array(rows)(context, builder, values[0])
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    position = builder.mul(values[1], ir.Constant(values[1].type, rows.dtype.size))
    position = builder.add(position, ir.Constant(values[1].type, offset))
    scalar = context.get_value_type(kind.scalar)
    first = builder.bitcast(
        builder.gep(start, [position]), ir.VectorType(scalar, LANES).as_pointer()
    )
    return [builder.gep(first, [ir.Constant(values[1].type, k)]) for k in range(kind.parts)]


def read(builder: Any, pointer: Any) -> Any:
    """The vector at `pointer`, which need not be aligned for it."""
    return builder.load(pointer, align=1)


def write(builder: Any, vector: Any, pointer: Any) -> None:
    """Write a vector."""
    builder.store(vector, pointer, align=1)


def something(builder: Any, constraint: str, *args: Any) -> None:
    """No instruction, but for all the compiler knows something happens here with `args`."""
    kind = ir.FunctionType(ir.VoidType(), [arg.type for arg in args])
    builder.call(ir.InlineAsm(kind, "", constraint, side_effect=True), args)


def fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The vector a b + c, each lane rounded once."""
    scalar = "f32" if a.type.element == ir.FloatType() else "f64"
    kind = ir.FunctionType(a.type, [a.type] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}{scalar}")
    return builder.call(function, [a, b, c])


def lanes_of(builder: Any, vector: Any, start: int, count: int) -> Any:
    """`count` lanes of a vector from `start` on."""
    lanes = ir.VectorType(ir.IntType(32), count)
    undefined = ir.Constant(vector.type, ir.Undefined)
    chosen = ir.Constant(lanes, list(range(start, start + count)))
    return builder.shuffle_vector(vector, undefined, chosen)


def spread_over(builder: Any, scalar: Any) -> Any:
    """A vector with `scalar` in each lane."""
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)
