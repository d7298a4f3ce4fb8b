#!/usr/bin/env bash
# Whether each model that is in production answers through the router: asked by its arm, and those
# users who are dealt to it, by no other release of it.
#
#   DEPLOY_ROUTER   the router's URL
#   DEPLOY_CA       a file with the certificate authority that signed for it, if it is one's own
#   DEPLOY_USERS    whose lists are asked for (1,2,…,10), as by deploy
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH
router=${DEPLOY_ROUTER:?the router\'s URL}
router=${router%/}
IFS=', ' read -ra users <<<"${DEPLOY_USERS:-1,2,3,4,5,6,7,8,9,10}"

model_of() {
  curl --fail --silent --show-error --max-time 10 --retry 5 --retry-all-errors --retry-delay 1 \
    ${DEPLOY_CA:+--cacert "$DEPLOY_CA"} --output /dev/null --write-out '%header{x-model}' "$router$1"
}

production=$(python -m infra.release status | awk '$2 ~ "^" $1 "@v" { print $2 }')
for release in $production; do
  answered=$(model_of "/arms/${release%@*}/recommend/${users[0]}")
  echo "/arms/${release%@*}: $answered"
  [ "$answered" = "$release" ] || { echo "error: $release is in production" >&2; exit 1; }
done
for user in "${users[@]}"; do
  answered=$(model_of "/recommend/$user")
  expected=$(grep "^${answered%@*}@" <<<"$production" || true)
  [ -z "$expected" ] || [ "$answered" = "$expected" ] ||
    { echo "error: user $user is answered by $answered, $expected is in production" >&2; exit 1; }
done
