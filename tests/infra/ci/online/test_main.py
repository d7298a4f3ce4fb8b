"""The page of a night: verdicts in words, pictures, and nothing fetched."""

import re
from pathlib import Path

import pytest

from infra.ci.online.__main__ import main
from movierec.errors import BadInput
from tests.infra.ci.online.nights import begin, day_name, night


def test_a_page_says_who_does_better_and_what_predicted_it(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "reports/online.html"
    assert main(["--output", str(page), "--in", str(project)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "verdict: svdpp better",
        "offline RMSE: it predicted conversion",
        "offline recall@k: not to be told from chance",
        "offline NDCG@k: nothing to say: all releases have one value",
        f"the page is {page}",
    ]
    html = page.read_text()
    assert f"2 closed days, {day_name(2)} to {day_name(3)}" in html
    assert "<h2>Arms: svdpp better</h2>" in html
    assert "svd@v1.3.0: not worse" in html and "svd@v1.0.0" not in html
    assert html.count('class="marks"') == 3
    assert not re.findall(r'(?:src|href)="|url\(|<script', html)


def test_a_release_that_is_worse_is_told_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path)
    few = {"svd": "svd@v0.9.0", "svdpp": "svdpp@v0.9.0"}
    night(tmp_path, 0, few, dict.fromkeys(few.values(), 0.9), users=40)
    for number, (release, chance) in enumerate([("svd@v1.0.0", 0.9), ("svd@v1.1.0", 0.2)], 1):
        models = {"svd": release, "svdpp": "svdpp@v1.0.0"}
        night(tmp_path, number, models, {release: chance, "svdpp@v1.0.0": 0.9})
    page = tmp_path / "online.html"
    assert main(["--output", str(page), "--in", str(tmp_path)]) == 0
    assert "offline RMSE: too few releases to say: 0, of at least 6" in capsys.readouterr().out
    html = page.read_text()
    assert '<span class="worse">svd@v1.1.0: worse</span>' in html
    assert "the change of svdpp taken off" in html
    assert "3 more\nhave no tag" in html, "two more had too few users to count"


def test_before_the_first_day_the_page_says_so(tmp_path: Path) -> None:
    page = tmp_path / "online.html"
    assert main(["--output", str(page), "--in", str(begin(tmp_path))]) == 0
    html = page.read_text()
    assert "No closed day has answers that were judged yet." in html
    assert "Nothing can be said of two arms yet." in html
    assert "too few releases to say" in html


def test_without_a_report_what_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="dvc repro"):
        main(["--output", str(tmp_path / "p"), "--in", str(tmp_path)])
