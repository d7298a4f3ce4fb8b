"""Replayed on a simulated site, end to end: its users, the stages' programs, git, Slack, a cluster.

The cluster behind Rancher, the router and the registry are the stand-ins of their rooms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.kubernetes.render import FOLDER
from infra.rancher import rollout
from infra.release.tag import resolve
from infra.repository import git
from movierec.models.kinds import KINDS
from tests.infra.rancher.deployments import Deployments
from tests.infra.rancher.router import Router
from tests.infra.rancher.standin import StandIn, Token
from tests.infra.registry.certificates import certify
from tests.infra.registry.standin import standing as registry_standing
from tests.infra.release.acting.nights import Nights
from tests.infra.release.project import Project
from tests.infra.release.shop import RMSE, promoted
from tests.infra.slack.standin import Slack
from tests.infra.slack.standin import standing as slack_standing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[4]
OLD, NEW, OTHER = "svdpp@v1.0.0", "svdpp@v1.1.0", "svd@v1.0.0"
GOOD, BAD, PLAIN = 0.45, -0.45, 0.0
"""How much lists follow the user's taste."""
LABELS = ("org.opencontainers.image.version", "org.opencontainers.image.revision")
TOKEN = "kubeconfig-u-ci:of-the-cluster"


@dataclass
class Site:
    """A project whose releases are built, its cluster, and its Slack."""

    project: Project
    images: dict[str, str]
    """release → its image."""
    cluster: Deployments
    slack: Slack

    def serves(self, kind: str) -> str:
        """The release whose image a Deployment has."""
        names = {image: name for name, image in self.images.items()}
        return names[self.cluster.named[kind].image]

    def put(self, name: str) -> None:
        """Deploy and promote a release, as a night's build does before this."""
        self.cluster.set_image(name.split("@")[0], self.images[name])
        for _ in range(20):
            self.cluster.step(self.cluster.named[name.split("@")[0]])
        git(self.project.work, "fetch", "--quiet", "--tags")
        promoted(self.project, name)


@pytest.fixture
def site(
    sold: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    certified = certify(tmp_path_factory.mktemp("authority"))
    for path in [ROOT / "params.yaml", *FOLDER.rglob("*.yaml"), *FOLDER.rglob("*.json")]:
        sold.write(str(path.relative_to(ROOT)), path.read_text())
    sold.commit("Have the project's files")
    git(sold.work, "push", "--quiet")
    cluster = Deployments("nothing")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.001)
    tokens = {TOKEN: Token()}
    with (
        registry_standing() as registry,
        StandIn(cluster, certified, tokens) as standin,
        slack_standing() as slack,
    ):
        images = {}
        for name in [f"{kind}@{version}" for kind in KINDS for version in RMSE]:
            tag = resolve(sold.work, name)
            labels = dict(zip(LABELS, (name, tag.commit), strict=True))
            digest = registry.put_image("films/movierec", tag.image.split(":")[1], labels)
            images[name] = f"{registry.host}/films/movierec@{digest}"
        with Router(cluster, {image: name for name, image in images.items()}) as router:
            for name, value in {
                "IMAGES_REGISTRY": f"{registry.host}/films",
                "IMAGES_TLS": "off",
                "DEPLOY_URL": standin.url,
                "DEPLOY_TOKEN": TOKEN,
                "DEPLOY_CA": str(certified.ca),
                "DEPLOY_ROUTER": router.url,
                "DEPLOY_USERS": "1,2,3",
                "SLACK_WEBHOOK": slack.webhook,
            }.items():
                monkeypatch.setenv(name, value)
            own = Site(sold, images, cluster, slack)
            for name in (OTHER, OLD):
                own.put(name)
            yield own


def test_a_release_whose_lists_are_bad_goes_back_once(site: Site) -> None:
    nights = Nights(site.project, {OTHER: PLAIN, OLD: GOOD, NEW: BAD}, 8)
    back = None
    for number, (day, document, done) in enumerate(nights, 1):
        assert done.status == 0, (day, done)
        if number == 3:
            site.put(NEW)
        if back is None and nights.release("svdpp") == OLD and number > 3:
            back = number
            (judged,) = document["releases"]["svdpp"]
            assert (judged["release"], judged["before"], judged["verdict"]) == (NEW, OLD, "worse")
            (text,) = site.slack.texts
            assert text.startswith(f"{NEW} was rolled back to {OLD} (svdpp#prod#3): online")
    assert back is not None, "never"
    assert back < 8, "some nights behind it are to show that it stays"
    assert (site.serves("svdpp"), site.serves("svd")) == (OLD, OTHER)
    assert nights.live["svdpp"] == OLD, "users have it"
    assert len(site.slack.texts) == 1
    tags = git(site.project.origin, "tag", "--list", "*#prod#*").split()
    assert tags == ["svd#prod#1", *(f"svdpp#prod#{n}" for n in (1, 2, 3))]


def test_a_release_that_is_no_worse_stays(site: Site) -> None:
    nights = Nights(site.project, {OTHER: PLAIN, OLD: GOOD, NEW: GOOD}, 8)
    verdicts = []
    for number, (day, document, done) in enumerate(nights, 1):
        assert done.status == 0, (day, done)
        verdicts += [one["verdict"] for one in document["releases"]["svdpp"]]
        if number == 3:
            site.put(NEW)
    assert len(verdicts) == 5 and "worse" not in verdicts, "of each night that it was there"
    assert (site.serves("svdpp"), nights.live["svdpp"], site.slack.texts) == (NEW, NEW, [])
    tags = git(site.project.origin, "tag", "--list", "*#prod#*").split()
    assert tags == ["svd#prod#1", "svdpp#prod#1", "svdpp#prod#2"]


def test_users_follow_the_better_arm_where_params_say_so(site: Site) -> None:
    params = (site.project.work / "params.yaml").read_text()
    site.project.write(
        "params.yaml", params.replace("follow_verdict: false", "follow_verdict: true")
    )
    site.project.commit("Follow the verdict")
    git(site.project.work, "push", "--quiet")
    nights = Nights(site.project, {OTHER: BAD, OLD: GOOD}, 8)
    moved = None
    for number, (day, document, done) in enumerate(nights, 1):
        assert done.status == 0, (day, done)
        experiment = document["experiment"]
        assert "off plan" not in experiment["verdict"], "users are dealt as the weights say"
        if moved is None and site.slack.texts:
            moved = number
            assert experiment["verdict"] == "svdpp better"
        elif moved is not None:
            whole = document["days"][moved + 1 :]  # the morning after is of both
            assert experiment["days"] == whole, "arms are compared anew by the new weights"
    assert moved is not None and moved < 6, "some nights behind it are to show that it stays"
    assert nights.routing().weights == {"svd": 10, "svdpp": 90}
    (text,) = site.slack.texts
    assert "says svdpp better: svd converts" in text
    weights = '{"salt": "1", "weights": {"svd": 10, "svdpp": 90}}\n'
    assert site.cluster.routing.data == {"routing.json": weights}
