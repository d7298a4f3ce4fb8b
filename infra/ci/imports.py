"""Which code and which libraries a program's bytes depend on, read from its imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from movierec.errors import BadInput

PACKAGES = {
    "numba": ("llvmlite", "numba"),
    "numpy": ("numpy",),
    "pyarrow": ("pyarrow",),
    "scipy": ("scipy",),
    "surprise": ("scikit-surprise",),
}
"""Libraries that make bytes of outputs, by the name that is imported → their packages. A progress
bar or a reader of YAML makes none: another version of it re-runs nothing."""


def code_of(root: Path, program: str) -> list[str]:
    """The program and the code that it imports; a folder stands for all its files.

    A package's `__init__.py` of a docstring alone makes no byte, and is left out.
    """
    files = {path.relative_to(root) for path in closure(root, program)} - {Path(program)}
    whole: set[Path] = set()
    for folder in sorted({parent for file in files for parent in file.parents if parent.name}):
        inside = {path.relative_to(root) for path in (root / folder).rglob("*.py")}
        code = {file for file in inside if not is_docstring(root / file)}
        if len(code) > 1 and code <= files and not whole & set(folder.parents):
            whole.add(folder)
    alone = {file for file in files if not whole & set(file.parents)}
    return [program, *sorted(str(path) for path in whole | alone)]


def libraries_of(root: Path, program: str) -> list[str]:
    """The packages that make the program's bytes, as requirements.txt names them."""
    files = {root / program, *closure(root, program)}
    roots = {name.split(".")[0] for file in files for name in imported(file)}
    return sorted({package for name in roots & set(PACKAGES) for package in PACKAGES[name]})


def closure(root: Path, program: str) -> set[Path]:
    """The files of this project that a program imports, itself included, directly or through
    others; and the `__init__.py` of the packages on the way, where there is code in one."""
    found: set[Path] = set()
    todo = [root / program]
    while todo:
        file = todo.pop()
        if file not in found:
            found.add(file)
            todo += [path for name in imported(file) for path in _files_of(root, name)]
    return {file for file in found if not is_docstring(file)}


def _files_of(root: Path, name: str) -> Iterator[Path]:
    """The files of this project that importing `name` (a module or a name in one) runs."""
    parts = name.split(".")
    for base in (root, root / "stages"):
        for depth in range(1, len(parts) + 1):
            place = base.joinpath(*parts[:depth])
            yield from (p for p in (place / "__init__.py", place.with_suffix(".py")) if p.exists())


def imported(path: Path) -> tuple[str, ...]:
    """The full names of the modules, and of the names in them, that a file imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise BadInput(f"{path}:{node.lineno}: import by full names only")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def is_docstring(path: Path) -> bool:
    """Whether a file is empty or holds a docstring and nothing else."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
