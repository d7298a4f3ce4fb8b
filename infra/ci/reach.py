"""Which test files reach a source file: the mirrored one first, then by the distance of imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOUSES = ("stages", "serve", "infra", "tests")


class Imports:
    """The import graph of a tree of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        files = [path for house in HOUSES for path in sorted((root / house).rglob("*.py"))]
        self.modules = {_name(path.relative_to(root)): path for path in files}
        self.direct = cache(self._direct)
        self.tests = [path for path in files if path.name.startswith("test_")]

    def reaching(self, source: Path, hops: int) -> list[Path]:
        """The test files from which at most `hops` imports lead to `source`, nearest first."""
        near = {test: self._distance(test, source, hops) for test in self.tests}
        mirrored = f"test_{source.stem}.py"
        return sorted(
            (test for test, distance in near.items() if distance is not None),
            key=lambda test: (test.name != mirrored, near[test], test),
        )

    def _distance(self, test: Path, source: Path, hops: int) -> int | None:
        """Imports between a test and a source; those among the tests' own files are free."""
        level, seen = self._free({test}), set[Path]()
        for distance in range(hops + 1):
            if source in level:
                return distance
            seen |= level
            level = self._free({other for path in level for other in self.direct(path)}) - seen
        return None

    def _free(self, level: set[Path]) -> set[Path]:
        """`level` and the tests' own files that it imports."""
        waiting = list(level)
        while waiting:
            for other in self.direct(waiting.pop()):
                if other not in level and other.is_relative_to(self.root / "tests"):
                    level.add(other)
                    waiting.append(other)
        return level

    def _direct(self, path: Path) -> set[Path]:
        return {self.modules[name] for name in _names(path) if name in self.modules}


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts[path.parts[0] == "stages" :]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _names(path: Path) -> Iterator[str]:
    """Every name that a file imports; a module that it runs by name (`-m x.y`) counts too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
            yield f"{node.value}.__main__"
