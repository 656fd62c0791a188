#!/usr/bin/env bash
# Runs Click Counter: ./run.sh help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
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
  log [...]    prints the click log with Chronicle's own reader; -m 10: its last ten records, -f: and follows it, -h: more
  help         this text

Settings are environment variables or lines in config/settings.env, which lists them all. ./migrate.sh -help: the schema.

Exit codes: 0 stopped as asked · 1 unexpected error · 2 cannot start, the message says why · 3 the log cannot be written ·
4 another aggregator has taken over · 5 the log does not hold the database's position · 6 the database was restored.
HELP
}

# ---- One process ----------------------------------------------------------------------------------------------------

declare -rA MAIN_CLASS=(
  [database]=clickcounter.migrations.DatabaseMain
  [aggregator]=clickcounter.aggregator.AggregatorMain
  [query]=clickcounter.query.QueryMain
  [ingest]=clickcounter.ingest.IngestMain
)

# Sets java_command to what runs the process $1. All that depends on the machine or the process is here; what holds for
# all processes is in config/jvm.options.
set_java_command() {
  local name=$1 module=$1
  [[ $name != database ]] || module=migrations
  local class_path
  class_path=$(printf '%s:' "$module"/target/lib/*.jar)
  java_command=("$JAVA_HOME/bin/java" @config/jvm.options)
  case $name in
    database) java_command+=(-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1) ;;
    aggregator) java_command+=(-Xmx256m -XX:+UseSerialGC) ;;
    query) java_command+=(-Xmx384m -XX:+UseSerialGC) ;;
    ingest)
      java_command+=(-Xmx384m -XX:+UseSerialGC)
      if (($(nproc) <= 2)); then
        # One carrier for all virtual threads: on few cores, more of them only take turns. Always both together: with
        # one carrier and more pollers a poller starves.
        java_command+=(-Djdk.virtualThreadScheduler.parallelism=1 -Djdk.readPollers=1)
      fi
      ;;
  esac
  java_command+=(-cp "${class_path%:}" "${MAIN_CLASS[$name]}")
}

run_alone() {
  set_java_command "$1"
  exec "${java_command[@]}"
}

# Chronicle's reader only reads: it may run beside everything else.
read_log() {
  set_java_command ingest
  exec "${java_command[@]:0:${#java_command[@]}-1}" net.openhft.chronicle.queue.ChronicleReaderMain \
    -d "$DATA_DIR/log" -l -w JSON "$@"
}

# ---- The whole service ----------------------------------------------------------------------------------------------

# Stopped in this order: first no more clicks, then the counts of all clicks into the database, then the rest.
readonly STOP_ORDER=(ingest aggregator query database)
readonly MAX_STOP_SECONDS=90
readonly LONGEST_BACKOFF_SECONDS=10
# A process that ran this long had started well: its next restart is without delay again.
readonly GOOD_RUN_SECONDS=60
# The exit codes (ExitCode.java) after which a restart would do harm.
readonly -A FINAL_EXIT=([4]=superseded [5]=log-mismatch)

declare -A pid_of=() started_at=() backoff_of=()
stopping=false

# One line in the format of the processes' own.
say() {
  local level=$1 message=$2
  if [[ ${LOGGING_FORMAT:-} == text ]]; then
    printf '%s %-5s run        %s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$level" "$message"
  else
    printf '{"timestamp":%s,"level":"%s","loggerName":"clickcounter.run","formattedMessage":"%s"}\n' \
      "$(date +%s%3N)" "$level" "$message"
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
  local name
  for name in "${STOP_ORDER[@]}"; do
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
  ./migrate.sh -up || {
    local code=$?
    stop_all
    exit "$code"
  }
  start aggregator 0
  start query 0
  start ingest 0
  await_ready ingest query aggregator
  announce
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
  all | ingest | aggregator | query | database | log) ;;
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
export DATA_DIR=${DATA_DIR:-data} SERVICE_PORT=${SERVICE_PORT:-3000}
# The processes see no terminal of their own: whether there is one is decided here.
if [[ -t 1 && ${LOGGING_FORMAT:-auto} == auto ]]; then export LOGGING_FORMAT=text; fi

case $command in
  all) run_all ;;
  log) read_log "${@:2}" ;;
  *) run_alone "$command" ;;
esac
