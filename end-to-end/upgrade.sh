#!/usr/bin/env bash
# Tries the upgrade from older commits: end-to-end/upgrade.sh [COMMIT ...]   (without: the previous commit)
#
# Builds each commit beside the sources, has it count clicks with the embedded database, and stops it. Then the present
# sources go on in the same folder: the answers must be the same, further clicks must add up, and the audit must say equal.
# Takes about a minute for each commit. Needs git, curl and what run.sh needs.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

case ${1:-} in -h | -help | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit ;; esac

readonly PRESENT=$PWD BANNERS=50 CLICKS_OF_EACH=40 READY_SECONDS=300 # with the build
readonly EVER='{"from":"2020-01-01T00:00:00Z","to":"2099-01-01T00:00:00Z"}'
readonly PORT=${SERVICE_PORT:-3400}
readonly SETTINGS=(SERVICE_PORT="$PORT" QUERY_PORT=$((PORT + 1)) LOG_MIN_FREE=0
  INGEST_ADMIN_PORT=0 AGGREGATOR_ADMIN_PORT=0 QUERY_ADMIN_PORT=0)
readonly URL=http://localhost:$PORT/v1/banners
unset DATABASE_URL SERVICE_PORT QUERY_PORT

folder=$(mktemp -d)
service=''
clean_up() {
  if [[ -n $service ]]; then stop || true; fi
  git worktree remove --force "$folder/sources" 2>/dev/null || true
  rm -rf -- "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
  echo "FAILED: $1" >&2
  tail -n 20 -- "$folder/service.log" >&2
  exit 1
}

# Starts the service of the sources in $1, with those settings that it knows: others are refused.
start() {
  local setting known=()
  for setting in "${SETTINGS[@]}"; do
    if grep -q "^#\?${setting%%=*}=" "$1/config/settings.env"; then known+=("$setting"); fi
  done
  (cd -- "$1" && exec env "${known[@]}" ./run.sh) >"$folder/service.log" 2>&1 </dev/null &
  service=$!
  local deadline=$((SECONDS + READY_SECONDS))
  until grep -q 'Click Counter is running' "$folder/service.log"; do
    kill -0 "$service" 2>/dev/null || fail "$1 did not start"
    ((SECONDS < deadline)) || fail "$1 is not ready after $READY_SECONDS s"
    sleep 0.2
  done
}

stop() {
  local pid=$service
  service=''
  kill -TERM "$pid" 2>/dev/null
  wait "$pid"
}

# Clicks on each banner; all must be acknowledged.
click() {
  local acknowledged
  acknowledged=$(curl -s -o /dev/null -w '%{http_code}\n' "$URL/counter/[1-$BANNERS]?n=[1-$CLICKS_OF_EACH]" | grep -c '^204$')
  ((acknowledged == BANNERS * CLICKS_OF_EACH)) || fail "$acknowledged clicks were acknowledged"
}

# All minutes of all banners.
answers() {
  local banner
  for ((banner = 1; banner <= BANNERS; banner++)); do
    curl -sf -H 'Content-Type: application/json' -d "$EVER" "$URL/stats/$banner" || fail "banner $banner has no answer"
    echo
  done
}

# Each banner must have $1 clicks in the answers of the file $2.
require_clicks() {
  awk -v clicks="$1" -v banners="$BANNERS" '
    { sum = 0; while (match($0, /"v":[0-9]+/)) { sum += substr($0, RSTART + 4, RLENGTH - 4); $0 = substr($0, RSTART + RLENGTH) } }
    sum != clicks { print "banner " NR " has " sum " clicks, not " clicks; wrong = 1 }
    END { exit wrong || NR != banners }' "$2" >&2 || fail "wrong counts"
}

try() {
  local commit=$1 name
  name=$(git log -1 --format='%h (%s)' "$commit")
  echo "== from $name" >&2
  git worktree add --quiet --detach "$folder/sources" "$commit"
  export DATA_DIR=$folder/data
  start "$folder/sources"
  click
  answers >"$folder/before"
  require_clicks "$CLICKS_OF_EACH" "$folder/before"
  stop || fail "the older one did not stop well"

  start "$PRESENT"
  answers >"$folder/after"
  cmp "$folder/before" "$folder/after" >&2 || fail "other answers than before"
  click
  answers >"$folder/after"
  require_clicks $((2 * CLICKS_OF_EACH)) "$folder/after"
  ./run.sh audit >"$folder/audit" 2>>"$folder/service.log" || { cat "$folder/audit" >&2; fail "the audit found differences"; }
  stop || fail "the present one did not stop well"
  echo "   $(head -n 1 "$folder/audit")" >&2
  git worktree remove --force "$folder/sources"
  rm -rf -- "$folder/data"
}

for commit in "${@:-HEAD~1}"; do try "$commit"; done
echo "All upgrades are right." >&2
