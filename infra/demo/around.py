"""What stands around releases, in its smallest form: a bare git origin, an S3 server for the data,
a registry for the images; and a repository that knows them."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from infra.demo import workspace
from infra.demo.history import TOPICS
from infra.processes import Processes, free_port, listens
from infra.repository import git
from movierec.errors import BadInput
from movierec.files import write_text

SECRET = "only-on-loopback"
BUCKET = "bucket"
CONFIG = """\
[core]
    analytics = false
    remote = s3
['remote "s3"']
    url = s3://{bucket}/movierec
    endpointurl = http://127.0.0.1:{port}
"""
REGISTRY = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: 127.0.0.1:{port}}}
"""


def make_repository(trained: Path, folder: Path, root: Path) -> Path:
    """Make `folder` anew with `work`, a repository of the files of `root` as they stand, and
    `origin.git`, which it pushes to; returns `work`.

    Raises BadInput when the workspace `trained` has no days to begin with.
    """
    if not (trained / "data").is_dir():
        raise BadInput(f"{trained}: no days there; run `make demo` first")
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "work"
    workspace.prepare(root, work)
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", "origin.git")
    git(work, "checkout", "--quiet", "-B", "main")
    for name, value in {"user.name": "demo", "user.email": "demo@localhost"}.items():
        git(work, "config", name, value)
    git(work, "config", "tag.gpgSign", "false")
    git(work, "remote", "add", "origin", "../origin.git")
    return work


def close_day(trained: Path, work: Path, day: str) -> None:
    """Have a day that the demo closed be closed here too."""
    for topic in TOPICS:
        place = Path("data") / topic / "days" / day
        shutil.copytree(trained / place, work / place, copy_function=os.link)


def start_s3(processes: Processes, folder: Path, root: Path, work: Path) -> dict[str, str]:
    """Start an S3 server whose buckets are folders of `folder`, and have `work`'s DVC keep its data
    there; returns the variables that let in. Raises BadInput where it cannot be built."""
    script = [str(root / "infra/ci/versitygw.sh")]
    made = subprocess.run(script, stdout=subprocess.PIPE, text=True)
    if made.returncode:
        raise BadInput("the S3 server could not be built; what stands above says why")
    (folder / "s3" / BUCKET).mkdir(parents=True)
    port = free_port()
    command = [made.stdout.strip(), "--port", f"127.0.0.1:{port}", "posix", str(folder / "s3")]
    processes.start("s3", command, {"ROOT_ACCESS_KEY": "demo", "ROOT_SECRET_KEY": SECRET})
    processes.wait_until("s3", partial(listens, port))
    write_text(work / ".dvc/config", CONFIG.format(port=port, bucket=BUCKET))
    workspace.commit(work, "Keep data on S3")
    return {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": SECRET}


def start_registry(processes: Processes, folder: Path) -> dict[str, str]:
    """Start a registry of images, Debian's `docker-registry`; returns the variables that say where
    it is; none where it, or a Docker engine, is not there."""
    if not (shutil.which("docker-registry") and has_docker()):
        return {}
    port = free_port()
    config = folder / "registry.yml"
    write_text(config, REGISTRY.format(folder=folder / "images", port=port))
    processes.start("registry", ["docker-registry", "serve", str(config)])
    processes.wait_until("registry", partial(listens, port))
    return {"IMAGES_REGISTRY": f"127.0.0.1:{port}", "IMAGES_TLS": "off"}


def has_docker() -> bool:
    """Whether an engine answers."""
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    return (
        bool(shutil.which("docker")) and not subprocess.run(command, capture_output=True).returncode
    )
