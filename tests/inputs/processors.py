"""Other processors than the one at hand, for programs that must make the same bytes on any."""

import subprocess
import sys


def older_processor() -> dict[str, str]:
    """Settings by which NumPy, OpenBLAS and the C library use no newer instructions."""
    show = "import numpy._core._multiarray_umath as m; print(*m.__cpu_dispatch__)"
    output = subprocess.run([sys.executable, "-c", show], check=True, capture_output=True)
    return {
        "NPY_DISABLE_CPU_FEATURES": output.stdout.decode().strip(),
        "OPENBLAS_CORETYPE": "Prescott",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4",
    }
