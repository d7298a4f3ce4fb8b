"""The page in a real browser, as people see it: both models of a demo behind it, with Kafka."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from infra.processes import die_with_parent
from tests.inputs.titles import TITLES, USERS, save_both

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[4]
SECONDS = 60
KNOWN = int(USERS[3])
CONTRAST = """
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (at) => {
    for (; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !at.checkVisibility() || at.closest("template")) continue;
    const [one, other] = [light(parts(getComputedStyle(at).color)), light(ground(at))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([ratio, walk.currentNode.data.trim()]);
  }
  return found;
"""
"""WCAG 2.2: the contrast of every text that is shown with what is behind it."""
NAMES = """
  return [...document.querySelectorAll("input, select, button, a, summary")]
    .filter((at) => at.checkVisibility())
    .map((at) => at.ariaLabel || at.labels?.[0]?.textContent
      || (at.matches("input, select") ? "" : at.textContent.trim()));
"""
WAITING = "return [...document.querySelectorAll('.inside p')].some((p) => p.textContent === '…')"


@contextlib.contextmanager
def demo(work: Path):
    """`make page`, of models that are there; gives its address."""
    save_both(work / "workspace/models")
    command = [sys.executable, "-m", "infra.demo.page", "--port", "0", "--work", str(work)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("the page is at http://127.0.0.1:"), line
        yield line.removeprefix("the page is at ").split(";")[0]
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
        assert process.returncode == 0


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with demo(tmp_path_factory.mktemp("demo")) as url:
        yield url


class Page:
    """A browser with the page."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url

    def size(self, width, height=900):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, user=""):
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/#{user}")
        if user:
            self.until(lambda: self.all("#arms li") or self.all(".trouble"))

    def until(self, ready):
        """Wait; what is replaced while one looks at it is looked at again."""
        stale = [StaleElementReferenceException]
        WebDriverWait(self.driver, SECONDS, 0.05, stale).until(lambda _: ready())

    def all(self, where):
        return [at for at in self.driver.find_elements(By.CSS_SELECTOR, where) if at.is_displayed()]

    def texts(self, where):
        return [at.text for at in self.all(where)]

    def movies(self, arm):
        """The ids of the movies that an arm's list shows."""
        return [at.get_attribute("data-movie") for at in self.all(f"[data-arm={arm}] .offers > li")]

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers={"Accept": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)


@pytest.fixture(scope="module")
def driver():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)  # as root and in a container there is neither
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, url):
    page = Page(driver, url)
    page.size(1280)
    driver.get_log("browser")
    yield page
    # What the policy refuses, and what the script throws, stands there.
    told = [entry for entry in driver.get_log("browser") if entry["source"] != "network"]
    assert told == []


def test_a_known_user_s_history_stands_beside_both_lists(page):
    page.open(KNOWN)
    assert page.texts("#who") == [f"User {KNOWN}"]
    history = page.get(f"/history/{KNOWN}")
    assert page.texts("#known")[0].startswith(f"{history['total']} movies watched or rated")
    assert len(page.all("#movies li")) == min(12, history["total"])
    assert page.texts(".arm h2") == ["SVD", "SVD++"]
    assert page.texts(".tier") == ["Known to the model"] * 2
    for arm in ("svd", "svdpp"):
        given = page.get(f"/arms/{arm}/recommend/{KNOWN}")
        assert page.movies(arm) == given["ids"]
        assert page.texts(f"[data-arm={arm}] .rating") == [f"★ {r:.1f}" for r in given["ratings"]]
        why = page.texts(f"[data-arm={arm}] .why")
        assert all(line.startswith("because of ") for line in why)
        best = given["because"][0]["uptake"]["from"][0]["id"]
        assert page.run("return titleOf(arguments[0])[0]", best) in why[0]


def test_only_here_marks_what_one_model_alone_offers(page):
    page.open(KNOWN)
    lists = {arm: page.movies(arm) for arm in ("svd", "svdpp")}
    for arm, other in (("svd", "svdpp"), ("svdpp", "svd")):
        marked = [
            at.get_attribute("data-movie")
            for at in page.all(f"[data-arm={arm}] li:has(.alone:not([hidden]))")
        ]
        assert marked == [movie for movie in lists[arm] if movie not in lists[other]]


def test_the_answer_s_provenance_is_told(page):
    page.open(KNOWN)
    page.all("[data-arm=svdpp] .provenance summary")[0].click()
    told = dict(
        zip(page.texts("[data-arm=svdpp] dt"), page.texts("[data-arm=svdpp] dd"), strict=True)
    )
    version = page.get("/arms/svdpp/version")
    request = told.pop("request id")
    assert told == {name.replace("_", " "): value for name, value in version.items()}
    assert len(request) == 32


def test_a_movie_opens_to_its_figures_and_its_neighbours(page):
    page.open(KNOWN)
    first = page.movies("svdpp")[0]
    page.all("[data-arm=svdpp] .offers summary")[0].click()
    page.until(lambda: page.all(".near li"))
    near = page.get(f"/arms/svdpp/similar/{first}")["ids"]
    titles = page.run("return arguments[0].map(named)", near[:8])
    assert page.texts(".near li") == titles
    rows = page.texts(".parts th")
    assert rows[:2] == ["Score", "Uptake, from this user’s own movies"]
    assert "Of it, for having taken these up" in rows, "what SVD++ adds"
    given = page.get(f"/arms/svdpp/recommend/{KNOWN}")
    assert float(page.texts(".parts td")[0]) == pytest.approx(given["scores"][0], rel=5e-3)


def test_a_newcomer_gets_what_is_popular(page):
    page.open(987654321)
    assert page.texts("#known") == ["Nothing is known of this user yet."]
    assert page.texts(".tier") == ["Popular"] * 2
    assert len(page.movies("svd")) == 20
    assert not page.all(".rating, .bar, .alone")
    page.all("[data-arm=svd] .offers summary")[0].click()
    page.until(lambda: page.all(".near li"))
    assert not page.all(".parts")


def test_an_error_stands_there_as_the_service_words_it(page):
    page.open("abc")
    expected = "user id 'abc' is malformed: expected a whole number of at most 18 digits"
    assert page.texts("#said.trouble") == [expected]
    assert not page.all("#shown")
    page.open("%3Cimg%20src=x%20onerror=alert(1)%3E")
    assert page.texts("#said.trouble")[0].startswith("user id '<img src=x onerror=alert(1)>' is")
    page.open(KNOWN)
    assert page.all("#shown") and not page.all(".trouble")


@pytest.mark.parametrize("what", ["rate", "watch"])
def test_what_one_does_on_the_page_changes_both_lists(page, what):
    user = {"rate": 555_000_111, "watch": 999_999_999_999_999_999}[what]
    page.open(user)
    first = page.movies("svdpp")[0]
    item = "[data-arm=svdpp] .offers > li:first-child"
    while not page.all("#said.good"):
        page.all(f"{item} summary")[0].click()
        page.until(lambda: page.all(f"{item} .did"))
        if what == "rate":
            Select(page.all(f"{item} select")[0]).select_by_visible_text("★ 5")
        page.all(f"{item} .did button")[what == "watch"].click()
        page.until(lambda: not page.run("return document.querySelector('.did button:disabled')"))
        if not page.all("#said.good"):  # it came before the followers had found the log's end
            assert "have not read it yet" in page.texts("#said")[0]
            page.open(user)
    assert page.texts(".tier") == ["Folded in"] * 2
    assert first not in page.movies("svd") + page.movies("svdpp")
    assert len(page.all("#movies .late")) == 1
    assert page.texts("#movies .late") == [
        {"rate": "rated since the training", "watch": "watched since the training"}[what]
    ]
    assert page.texts("#movies .stars") == (["★ 5"] if what == "rate" else [])


def test_the_keyboard_is_enough(page):
    page.open()
    page.until(lambda: page.run("return document.activeElement.id === 'user'"))
    page.driver.switch_to.active_element.send_keys(str(KNOWN), Keys.ENTER)
    page.until(lambda: page.all("#arms li"))
    while page.run("return !document.activeElement.closest('.offers')"):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.until(lambda: page.all(".near li"))


def test_a_random_user_is_one_whom_the_model_knows(page):
    page.open()
    page.all("#random")[0].click()
    page.until(lambda: page.all("#arms li"))
    user = int(page.all("#user")[0].get_attribute("value"))
    assert user in USERS
    assert page.driver.current_url.endswith(f"#{user}")


def test_titles_are_made_of_slugs(page):
    page.open()
    assert {slug: page.run("return named(arguments[0])", slug) for slug in TITLES} == TITLES


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("user", ["", KNOWN, 987654321, "abc"])
def test_every_text_can_be_read_and_every_control_has_a_name(page, scheme, user):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    page.open(user)
    for summary in page.all(".arm details > summary")[:1]:
        summary.click()
        page.until(lambda: page.all(".near li"))
    faint = [found for found in page.run(CONTRAST) if found[0] < 4.5]
    assert faint == []
    assert all(page.run(NAMES))


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(page, width):
    page.size(width)
    for user in ("", KNOWN, 987654321, "a" * 500):
        page.open(user)
        page.run("for (const at of document.querySelectorAll('.arm details')) at.open = true")
        page.until(lambda: not page.run(WAITING))
        assert page.run("return document.documentElement.scrollWidth") <= width


def test_it_talks_to_its_own_service_alone(page):
    page.open(KNOWN)
    page.all("[data-arm=svd] .offers summary")[0].click()
    page.until(lambda: page.all(".near li"))
    entries = page.run("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert {urlsplit(entry).netloc for entry in entries} == {urlsplit(page.url).netloc}
    assert {urlsplit(entry).path.split("/")[1] for entry in entries} == {"arms"}


def test_one_arm_that_is_down_leaves_the_other_s_list(page):
    page.open()
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/arms/svdpp/*"]})
    try:
        page.open(KNOWN)
        assert len(page.movies("svd")) > 0
        assert page.texts("[data-arm=svdpp] .trouble") == [
            "The service does not answer. Is it running?"
        ]
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
