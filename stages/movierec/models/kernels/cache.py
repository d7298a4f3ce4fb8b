"""Kernels are compiled once and kept on disk, until something that they were made of changes.

Numba keeps machine code by the file of the function alone. But a kernel also holds code from
`lanes` and `vectors`, and how to compile stands here: so the stamp of its code covers those files
too. It lies where numba puts all code (`__pycache__`, or NUMBA_CACHE_DIR); other functions are not
concerned.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core import caching

from movierec.hashing import sha256_of

F = TypeVar("F", bound=Callable[..., Any])

HERE = Path(__file__)
MADE_OF = (HERE.with_name("lanes.py"), HERE.with_name("vectors.py"), HERE)
"""The files, beside its own, that a kernel's machine code comes from."""


class _Stamp:
    """A place for machine code that is out of date when one of the files is."""

    def get_source_stamp(self) -> tuple[Any, ...]:
        own = super().get_source_stamp()  # type: ignore[misc]
        return own, *(sha256_of(path) for path in MADE_OF)


class _Provided(_Stamp, caching.UserProvidedCacheLocator):
    pass


class _InTree(_Stamp, caching.InTreeCacheLocator):
    pass


class _UserWide(_Stamp, caching.UserWideCacheLocator):
    pass


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Provided, _InTree, _UserWide]  # noqa: RUF012


class _KernelCache(caching.FunctionCache):
    _impl_class = _Implementation


def kernel(function: F) -> F:
    """Compile `function` to machine code, once per signature, kept on disk.

    It holds no lock of Python's while it runs: threads may call it at once, each for its own rows.
    Division by zero gives ±inf or nan as in IEEE; the callers look for them.
    """
    return _compiled(function)


def inner(function: F) -> F:
    """A part of a kernel that becomes code of it, where a call would cost as much as the part."""
    return _compiled(function, forceinline=True)


def _compiled(function: F, **how: bool) -> F:
    compiled: Any = njit(error_model="numpy", nogil=True, **how)(function)
    # What `cache=True` does with numba's own cache; there is no public way to give another.
    compiled._cache = _KernelCache(function)
    result: F = compiled
    return result
