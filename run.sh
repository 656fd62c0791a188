#!/usr/bin/env bash
# Runs Click Counter: ./run.sh help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
scripts=$PWD
[[ -d config ]] || cd .. # an installation has the scripts in bin/
umask 027 # what is in DATA_DIR is for this user, and for its group to read
. config/java.sh
. config/build.sh
. config/settings.sh

help() {
  cat <<'HELP'
Usage: ./run.sh [COMMAND]

  (none)       builds what is not built and runs the whole service in the foreground: the embedded database (when
               DATABASE_URL is not set), the migrations, then aggregator, query and ingest as processes of their own.
               A process that dies is started again. Ctrl-C or SIGTERM stops everything in order.
  ingest       runs one process alone, in the foreground
  aggregator
  query
  database     the embedded PostgreSQL
  bench [...]  measures this machine: the running product against nginx and the bare framework (PERFORMANCE.md);
               with BENCH_BEFORE=COMMIT, "bench direct" against that commit, too
  jmh [...]    measures single parts with JMH: ./run.sh jmh AppendBenchmark -prof gc
  audit        compares the counts in the database with the log, and mends them; --help: more
  replay       builds the counts of an empty database from the log
  log          looks into the click log: log tail, show, export, stats, unlock, reader; log --help: more
  help         this text

Settings are environment variables or lines in config/settings.env, which lists them all. ./migrate.sh -help: the schema.

Exit codes: 0 stopped as asked · 1 unexpected error · 2 cannot start, the message says why · 3 the log cannot be written ·
4 another aggregator has taken over · 5 the log does not hold the database's position · 6 the database was restored.
HELP
}

# ---- One process ----------------------------------------------------------------------------------------------------

declare -rA MAIN_CLASS=(
  [audit]=clickcounter.aggregator.AuditMain
  [replay]=clickcounter.aggregator.ReplayMain
  [log]=clickcounter.shared.log.tool.LogMain
  [reader]=net.openhft.chronicle.queue.ChronicleReaderMain
)

# Sets java_command to Java with the class path, flags and main class of the process $1: ingest, ingest-2, aggregator …
# They are in config/jvm; what depends on the machine is set by the process itself.
set_java_flags() {
  local program=${1%-*} module
  case $program in
    database) module=migrations ;;
    audit | replay) module=aggregator ;;
    log | reader) module=ingest ;;
    *) module=$program ;;
  esac
  local jar
  set_jar "$module"
  java_command=("$JAVA_HOME/bin/java" -cp "$jar" @config/jvm.options)
  case $program in
    audit | replay | log | reader) java_command+=(-XX:+UseSerialGC -Xmx640m "${MAIN_CLASS[$program]}") ;;
    ingest)
      if has_class_cache; then java_command+=(-XX:AOTCache="$(class_cache)" "-Xlog:aot*=error"); fi
      java_command+=(@config/jvm/ingest.options)
      ;;
    *) java_command+=("@config/jvm/$program.options") ;;
  esac
}

# The cache of the classes that ingest loads: with it a start takes less than half the time. It is made in the background
# of the first start, and made anew when the JDK, a jar or a flag has changed. Without it everything works the same.
class_cache() {
  if [[ -f pom.xml ]]; then echo target/ingest.aot; else echo "$DATA_DIR/cache/ingest.aot"; fi
}

class_cache_key() {
  local jar
  set_jar ingest
  { cat -- "$JAVA_HOME/release" config/jvm.options config/jvm/ingest.options && ls -l -- "${jar%/*}"; } | cksum
}

has_class_cache() {
  local cache
  cache=$(class_cache)
  [[ -f $cache && $(cat -- "$cache.key" 2>/dev/null) == "$(class_cache_key)" ]]
}

# Returns at once; class_cache_maker is then the process that makes it. What is made is of no process of ours: it has a
# folder and ports of its own, and does not hurry.
make_class_cache() {
  if has_class_cache; then return; fi
  local cache
  cache=$(class_cache)
  mkdir -p -- "$(dirname -- "$cache")"
  (
    folder=$(mktemp -d)
    key=$(class_cache_key)
    local jar
    set_jar ingest
    set -m # Java starts another Java at its end: both are one group
    nice -n 19 env DATA_DIR="$folder" SERVICE_ADDRESS=127.0.0.1 SERVICE_PORT=0 INGEST_ADMIN_PORT=0 INGEST_SOCKET= \
      INGEST_PROCESSES=1 LOG_MIN_FREE=0 \
      "$JAVA_HOME/bin/java" -cp "$jar" @config/jvm.options $(grep ^- config/jvm/ingest.options) \
      -XX:AOTCacheOutput="$folder/ingest.aot" clickcounter.ingest.ClassCacheMain &
    java=$!
    trap 'kill -KILL -- -"$java" 2>/dev/null; rm -rf -- "$folder"; exit 1' TERM
    if wait "$java"; then
      mv -- "$folder/ingest.aot" "$cache" && echo "$key" >"$cache.key"
    fi
    rm -rf -- "$folder"
  ) </dev/null >/dev/null 2>&1 9>&- &
  class_cache_maker=$!
}

readonly BEHIND_INGEST_NICENESS=5

# Sets java_command to what runs the process $1.
set_java_command() {
  local program=${1%-*}
  set_java_flags "$1"
  [[ $1 == "$program" ]] || java_command+=("${1##*-}")
  # Clicks first: what comes after the log can wait for a moment, a browser cannot.
  if [[ $program != ingest ]]; then java_command=(nice -n "$BEHIND_INGEST_NICENESS" "${java_command[@]}"); fi
}

run_alone() {
  set_java_command "$1"
  if [[ $1 == ingest* ]]; then make_class_cache; fi
  exec "${java_command[@]}" "${@:2}"
}

run_log() {
  if [[ ${1:-} == reader ]]; then
    run_alone reader -d "$DATA_DIR/log" -l -w JSON "${@:2}"
  fi
  run_alone log "$@"
}

# ---- Benchmarks ------------------------------------------------------------------------------------------------------

# Runs the class $1 of the benchmarks with the rest as its arguments.
run_benchmark() {
  if [[ ! -f pom.xml ]]; then
    echo "run.sh: benchmarks run in the project's source folder only." >&2
    exit 2
  fi
  ./mvnw -q -Dquick -Dmaven.test.skip=true -Pbenchmarks package >&2
  # The bare framework is measured with the flags of ingest.
  BENCH_JAVA_COMMAND=$(printf '%s\n' "$JAVA_HOME/bin/java" @config/jvm.options && grep ^- config/jvm/ingest.options)
  export BENCH_JAVA_COMMAND
  if [[ -n ${BENCH_BEFORE:-} ]]; then
    BENCH_BEFORE_SOURCES=$(mktemp -d)
    export BENCH_BEFORE_SOURCES
    trap 'git worktree remove --force "$BENCH_BEFORE_SOURCES"' EXIT
    git worktree add --quiet --detach "$BENCH_BEFORE_SOURCES" "$BENCH_BEFORE"
    (cd -- "$BENCH_BEFORE_SOURCES" && ./mvnw -q -Dquick -Dmaven.test.skip=true package >&2)
  fi
  "$JAVA_HOME/bin/java" @config/jvm.options -Xmx2g -XX:+UseSerialGC -cp 'benchmarks/target/lib/*' "$@"
}

# ---- The whole service ----------------------------------------------------------------------------------------------

# Stopped in this order: first no more clicks, then the counts of all clicks into the database, then the rest.
stop_order=(ingest aggregator query database)
readonly MAX_STOP_SECONDS=90
readonly LONGEST_BACKOFF_SECONDS=10
# A process that ran this long had started well: its next restart is without delay again.
readonly GOOD_RUN_SECONDS=60
# The exit codes (ExitCode.java) after which a restart would do harm.
readonly -A FINAL_EXIT=([4]=superseded [5]=log-mismatch)

declare -A pid_of=() started_at=() backoff_of=()
stopping=false
class_cache_maker=''

# One line in the format of the processes' own (JsonLineEncoder.java).
say() {
  local level=$1 message=$2
  if [[ ${LOGGING_FORMAT:-} == text ]]; then
    printf '%s %-5s run        %s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$level" "$message"
  else
    printf '{"timestamp":"%s","level":"%s","process":"run","logger":"clickcounter.run","thread":"main","message":"%s"}\n' \
      "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$level" "${message//\"/\\\"}"
  fi
}

# Starts process $1 after $2 seconds.
start() {
  local name=$1 delay=$2
  local launcher=(setsid)
  # Should this script be killed, the processes stop as if asked to.
  if command -v setpriv >/dev/null; then launcher+=(setpriv --pdeathsig TERM); fi
  rm -f -- "$DATA_DIR/run/$name.ready"
  set_java_command "$name"
  # A process group of its own: Ctrl-C reaches only this script, which then stops the processes in order.
  # shellcheck disable=SC2016 # the inner bash expands them
  "${launcher[@]}" bash -c 'sleep "$0"; exec "$@"' "$delay" "${java_command[@]}" 9>&- &
  pid_of[$name]=$!
  started_at[$name]=$((SECONDS + ${delay%.*}))
}

is_ready() {
  [[ $(cat "$DATA_DIR/run/$1.ready" 2>/dev/null) == "${pid_of[$1]}" ]]
}

# Waits until the processes named are ready. Ends everything when one of them ends before: what is wrong at the start
# does not mend itself.
await_ready() {
  local name
  for name in "$@"; do
    until is_ready "$name"; do
      if ! kill -0 "${pid_of[$name]}" 2>/dev/null; then
        local code=0
        wait "${pid_of[$name]}" || code=$?
        unset "pid_of[$name]"
        say ERROR "$name has not started (exit code $code); the line above says why"
        stop_all
        exit "$code"
      fi
      sleep 0.05
    done
  done
}

stop_all() {
  stopping=true
  if [[ -n $class_cache_maker ]]; then
    kill -TERM "$class_cache_maker" 2>/dev/null || true
    wait "$class_cache_maker" || true
  fi
  local name
  for name in "${stop_order[@]}"; do
    local pid=${pid_of[$name]:-}
    [[ -n $pid ]] || continue
    unset "pid_of[$name]"
    kill -TERM "$pid" 2>/dev/null || continue
    local deadline=$((SECONDS + MAX_STOP_SECONDS))
    while kill -0 "$pid" 2>/dev/null; do
      if ((SECONDS > deadline)); then
        say ERROR "$name has not stopped within $MAX_STOP_SECONDS s and is killed"
        kill -KILL "$pid" 2>/dev/null || true
      fi
      sleep 0.05
    done
  done
}

on_signal() {
  $stopping && return
  say INFO "stopping"
  stop_all
  say INFO "stopped"
  exit 0
}

# Waits for processes to end, and starts them again, for ever.
supervise() {
  while true; do
    local ended='' code=0
    wait -n -p ended || code=$?
    ((${#pid_of[@]} > 0)) || exit "$code"
    local name
    for name in "${!pid_of[@]}"; do
      [[ ${pid_of[$name]} == "$ended" ]] || continue
      unset "pid_of[$name]"
      if [[ -n ${FINAL_EXIT[$code]:-} ]]; then
        say ERROR "$name has ended for good (exit code $code, the line above says why); the rest goes on"
        continue
      fi
      if ((SECONDS - started_at[$name] >= GOOD_RUN_SECONDS)); then backoff_of[$name]=0; fi
      local delay=${backoff_of[$name]:-0}
      say WARN "$name has ended (exit code $code); it is started again in $delay s"
      start "$name" "$delay"
      backoff_of[$name]=$((delay == 0 ? 1 : delay * 2 < LONGEST_BACKOFF_SECONDS ? delay * 2 : LONGEST_BACKOFF_SECONDS))
    done
  done
}

run_all() {
  mkdir -p -- "$DATA_DIR/run"
  exec 9>"$DATA_DIR/run/lock"
  if ! flock --nonblock 9; then
    echo "run.sh: another ./run.sh is serving $DATA_DIR already. Stop it, or set DATA_DIR to another folder." >&2
    exit 2
  fi
  trap on_signal INT TERM HUP
  if [[ -z ${DATABASE_URL:-} ]]; then
    start database 0
    await_ready database
  fi
  "$scripts/migrate.sh" -up || {
    local code=$?
    stop_all
    exit "$code"
  }
  local ingests=(ingest) number
  for ((number = 2; number <= INGEST_PROCESSES; number++)); do ingests+=("ingest-$number"); done
  stop_order=("${ingests[@]}" aggregator query database)
  local name
  for name in aggregator query "${ingests[@]}"; do start "$name" 0; done
  await_ready "${ingests[@]}" query aggregator
  announce
  make_class_cache
  supervise
}

announce() {
  local address="http://localhost:$SERVICE_PORT"
  cat <<READY

Click Counter is running. Clicks and statistics: $address   Stop: Ctrl-C

  curl -i $address/v1/banners/counter/7
  curl -s $address/v1/banners/stats/7 -H 'Content-Type: application/json' -d '{"from":"2020-01-01T00:00:00Z","to":"2099-01-01T00:00:00Z"}'

READY
}

# ---- Commands -------------------------------------------------------------------------------------------------------

command=${1:-all}
case $command in
  help | -h | -help | --help)
    help
    exit 0
    ;;
  all | ingest | ingest-[1-9] | ingest-[1-9][0-9] | aggregator | query | database | audit | replay | log | bench | jmh) ;;
  *)
    echo "run.sh: there is no command \"$command\". ./run.sh help lists them." >&2
    exit 2
    ;;
esac

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)); then
  echo "run.sh: bash 5.1 or later is needed, this is $BASH_VERSION." >&2
  exit 2
fi
find_jdk
build_if_needed || exit 2
load_settings
export DATA_DIR=${DATA_DIR:-data} SERVICE_PORT=${SERVICE_PORT:-3000} INGEST_PROCESSES=${INGEST_PROCESSES:-1}
if [[ ! $INGEST_PROCESSES =~ ^[1-9][0-9]{0,2}$ ]]; then
  echo "run.sh: INGEST_PROCESSES is \"$INGEST_PROCESSES\"; it must be a whole number from 1 to 256." >&2
  exit 2
fi
# The processes see no terminal of their own: whether there is one is decided here.
if [[ -t 1 && ${LOGGING_FORMAT:-auto} == auto ]]; then export LOGGING_FORMAT=text; fi

case $command in
  all) run_all ;;
  log) run_log "${@:2}" ;;
  bench) run_benchmark clickcounter.benchmarks.Bench "${@:2}" ;;
  jmh) run_benchmark org.openjdk.jmh.Main "${@:2}" ;;
  *) run_alone "$command" "${@:2}" ;;
esac
