"""What may be changed in a Python file so that a good test notices: one small edit each.

>>> [m.change for m in mutations("def f(a):\\n    return a < 1\\n")]
['return a < 1 → return None', 'a < 1 → a <= 1', '1 → 2']
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Add, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
}  # fmt: skip
SHORT = 60


@dataclass(frozen=True)
class Mutation:
    """One edit: the bytes `[start, end)` of a file's UTF-8 become `new`."""

    line: int
    """Counted from 1."""
    text: str
    """The source line, stripped: with `change` it names the edit wherever the line moves."""
    change: str
    """Old → new; the second of two equal edits on one line ends in ` (2)`."""
    start: int
    end: int
    new: str

    def applied(self, source: str) -> str:
        """The file with this edit."""
        data = source.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()


def mutations(source: str) -> list[Mutation]:
    """Every edit of a file that still compiles, in a fixed order."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found, known = [], Counter[tuple[int, str]]()
    for node, new in _edits(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        old = source.encode()[start:end].decode()
        text = lines[node.lineno - 1].decode().strip()
        # In brackets of its own, a smaller expression cannot be torn apart by what is around it.
        new_text = f"({new})" if isinstance(node, ast.expr) else new
        change = f"{_short(old)} → {_short(new)}"
        known[node.lineno, change] += 1
        if (nth := known[node.lineno, change]) > 1:
            change += f" ({nth})"
        mutation = Mutation(node.lineno, text, change, start, end, new_text)
        if _compiles(mutation.applied(source)):
            found.append(mutation)
    return found


def _short(code: str) -> str:
    code = " ".join(code.split())
    return code if len(code) <= SHORT else code[: SHORT - 1] + "…"


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _edits(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """(node, its new source) of every edit below `tree`, annotations and decorators aside."""
    for child in _code_below(tree):
        if isinstance(child, ast.expr | ast.stmt):
            yield from ((child, new) for new in _changes(child))
        yield from _edits(child)


def _code_below(node: ast.AST) -> Iterator[ast.AST]:
    """The children that run: no annotation, decorator, f-string or guard of a program.

    Nor what is for readers and the type checker alone: the arguments of a TypeVar, and the `strict`
    of a `zip`, which asserts what holds by how its parts are made, as an assert statement does.
    A length that comes from outside is checked before, with a message of its own.
    """
    if isinstance(node, ast.JoinedStr) or _is_guard(node):
        return
    skipped = {"annotation", "returns", "decorator_list", "type_params"}
    if _calls(node, "zip"):
        skipped |= {"keywords"}
    for name, value in ast.iter_fields(node):
        if name not in skipped:
            children = value if isinstance(value, list) else [value]
            yield from (
                child
                for child in children
                if isinstance(child, ast.AST) and not _calls(child, "TypeVar")
            )


def _calls(node: ast.AST, name: str) -> bool:
    """Whether a node is `name(…)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _is_guard(node: ast.AST) -> bool:
    """`if __name__ == "__main__":` or `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and any(
        isinstance(n, ast.Name) and n.id in ("__name__", "TYPE_CHECKING")
        for n in ast.walk(node.test)
    )


def _changes(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Compare(ops=operators):
            for i, old in enumerate(operators):
                swapped = [*operators[:i], COMPARISONS[type(old)](), *operators[i + 1 :]]
                yield _with(node, ops=swapped)
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield _with(node, op=other)
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield _with(node, op=ARITHMETIC[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield ast.unparse(operand)
        case ast.Constant(value=bool() as value):
            yield repr(not value)
        case ast.Constant(value=int() | float() as value):
            yield repr(value + 1)
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "return None"
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield "pass"
        case ast.Call(keywords=[*kept, ast.keyword(arg=str())]) if not _calls(node, "zip"):
            yield _with(node, keywords=kept)


def _with(node: ast.expr, **changes: object) -> str:
    """The source of a copy of `node` with other fields."""
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return ast.unparse(changed)
