"""Which test files reach a source file: the mirrored one first, then by the distance of imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOUSES = ("stages", "serve", "infra", "tests")
CONTRACT = "tests/contract"


class Imports:
    """The import graph of a tree of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        files = [path for house in HOUSES for path in sorted((root / house).rglob("*.py"))]
        self.modules = {_name(path.relative_to(root)): path for path in files}
        self.direct = cache(self._direct)
        self.tests = [path for path in files if path.name.startswith("test_")]

    def reaching(self, source: Path, hops: int) -> list[Path]:
        """The test files that are to notice a change of `source`, nearest first.

        They are the mirrored one, those from which at most `hops` imports lead to it, and those
        of the contract from which any number does.
        """
        mirrored = self._mirrored(source)
        near = {mirrored: 0} if mirrored in self.tests else {}
        for test in self.tests:
            contract = test.is_relative_to(self.root / CONTRACT)
            distance = self._distance(test, source, len(self.modules) if contract else hops)
            if distance is not None:
                near.setdefault(test, distance)
        return sorted(near, key=lambda test: (test != mirrored, near[test], test))

    def users(self, source: Path) -> list[Path]:
        """The files that import `source`, it among them."""
        return [path for path in self.modules.values() if source in {path, *self.direct(path)}]

    def _mirrored(self, source: Path) -> Path:
        """The test file that stands where `source` does."""
        name = "test_main.py" if source.stem == "__main__" else f"test_{source.name}"
        parts = source.relative_to(self.root).with_name(name).parts
        return self.root.joinpath("tests", *parts[parts[0] == "stages" :])

    def _distance(self, test: Path, source: Path, hops: int) -> int | None:
        """Imports between a test and a source; those among the tests' own files are free."""
        level, seen = self._free({test}), set[Path]()
        for distance in range(hops + 1):
            if source in level:
                return distance
            if not level:
                break
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
