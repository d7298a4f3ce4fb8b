"""What stands before real commands in a build: shell that does less."""

REPORTS = """mkdir -p .cache/ci/evaluation && cd .cache/ci/evaluation
echo '<testsuite name="svd"><testcase name="rmse"/></testsuite>' > evaluation.xml
echo measures > evaluation.html
for measure in rmse mae recall ndcg coverage lift; do
printf 'svd\\n0.9\\n' > plot-$measure.csv; done; exit 0"""
STANDS_IN = {
    "-m infra.ci.evaluation *": REPORTS,
    "-m infra.ci.online *": 'mkdir -p .cache/ci/online; echo "the night" > "${!#}"; exit 0',
    "-m infra.release card *": 'echo "the card of $4" > "${!#}"; exit 0',
    "-m infra.release image *": 'echo "movierec/$4"; exit 0',
    "-m infra.release deploy *": 'echo "$4 is deployed"; exit 0',
    "-m infra.release act *": """[ "$SLACK_WEBHOOK" = https://slack.invalid/canary-slack ] || exit 9
[ -n "$DEPLOY_TOKEN" ] && [ -n "$IMAGES_PASSWORD" ] || exit 9; echo 'svd: nothing to do'; exit 0""",
    "-m infra.release incumbent": 'echo "{}" > data/incumbent.json; exit 0',
}
"""What is not of this project or takes too long: pattern of `python`'s arguments → what it does."""


QUICK = STANDS_IN | {
    "-m coverage run *": """while [ "$1" != --junitxml ]; do shift; done
bad=; [ "$(basename "$2" .xml)" != "$(cat bad-group 2>/dev/null)" ] || bad="<failure/>"
echo "<testsuite name='x'><testcase name='y'>$bad</testcase></testsuite>" > "$2"
[ -z "$bad" ]; exit""",
    "-m coverage xml *": "echo \"<coverage line-rate='0.9'/>\" > .cache/ci/coverage.xml; exit 0",
    "-m coverage html *": "mkdir -p .cache/ci/html; echo page > .cache/ci/html/index.html; exit 0",
    "-m coverage *": "exit 0",
    "-m infra.transfer.dvc *": 'exec dvc "${@:3}"',
    "-m infra.ci.repro --jobs *": 'exec dvc repro "${@:5}"',
    "-m infra.release window *": """mkdir -p data/online
printf 'online_days:\\n  "2026-11-01":\\n  "2026-11-02":\\n' > data/online/window.yaml; exit 0""",
    "-m infra.release register *": """for kind in svd svdpp; do
git tag -a -m . "$kind@v1.0.0"; git push -q origin "$kind@v1.0.0"
echo "$kind@v1.0.0: released (the first one)"; done; exit 0""",
    "-m infra.prometheus.handover *": "exit 0",
    "-m infra.release expire *": "exit 0",
    "-m infra.release reproduce *": "exit 0",
    "-m infra.release promote *": """kind=${4%@*}; n=$(git tag --list "$kind#prod#*" | wc -l)
git tag -a -m . "$kind#prod#$((n + 1))" "$4^{commit}"; git push -q origin "$kind#prod#$((n + 1))"
echo "$4 is in production"; exit 0""",
    "-m infra.release status": """for kind in svd svdpp; do
echo "$kind $(git tag --list "$kind@*" --sort=-v:refname | head -1)"; done; exit 0""",
}
"""So that nothing of Python's libraries is loaded, and `dvc` copies a verdict."""
QUICK_DVC = """case "$1" in
cache) echo {folder}/cache ;;
repro) echo "dvc $*" >> {folder}/asked; mkdir -p reports; cp verdict.json reports/gate.json
  [ "$2" = online_merge ] || exit 0
  mkdir -p metrics/online; for file in dvc.lock metrics/online.json; do echo '{{}}' > $file; done
  for day in 2026-11-01 2026-11-02; do echo '{{}}' > metrics/online/$day.json; done ;;
esac
"""


CURL = """\
for last; do :; done
case "$last" in */svdpp/*) kind=svdpp ;; *) kind=svd ;; esac
echo "curl $last" >> {asked}
git tag --list "$kind@*" --sort=-v:refname | head -1 | tr -d '\\n'
"""
"""The router: each arm, and every user's, has the newest release."""
