"""A small project with a pipeline."""

from pathlib import Path

import pytest

from tests.infra.ci.files import write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A pipeline of two stages, and a room of two files of which one is imported by both."""
    return write(
        tmp_path,
        {
            "requirements.txt": "llvmlite==1\nnumba==2\nnumpy==3\npyarrow==4\nruff==5\n"
            "scikit-surprise==6\nscipy==7\n",
            "dvc.yaml": """\
stages:
  # how it begins
  first:
    cmd: python stages/first.py --output data/x
    deps:
      - data/raw   # a person's
      - stages/gone.py
      - stages/movierec/old
    params:
      - stages/libraries.yaml: []
    outs: [data/x]
  second:
    foreach: [svd, svdpp]
    do:
      cmd: python stages/second.py
      deps:
        - stages/second.py
        - data/x
      outs:
        - models/${item}
""",
            "stages/first.py": "import numpy as np\nfrom movierec.room.a import f\n",
            "stages/second.py": "from movierec.room import b\nimport json",
            "stages/movierec/__init__.py": '"""All."""\n',
            "stages/movierec/other.py": "x = 1\n",
            "stages/movierec/room/__init__.py": '"""A room."""\n',
            "stages/movierec/room/a.py": "import numba\n",
            "stages/movierec/room/b.py": "from movierec.room.a import f\nimport tqdm\n",
        },
    )
