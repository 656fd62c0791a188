#!/bin/sh
# Runs Click Counter: ./run.sh help
set -eu
CDPATH='' cd -- "$(dirname "$0")"
[ -d config ] || cd .. # an installation has the scripts in bin/
umask 027              # what is in DATA_DIR is for this user, and for its group to read
. ./config/java.sh
. ./config/build.sh

help() {
  cat <<'HELP'
Usage: ./run.sh [COMMAND]

  (none)       builds what is not built and runs the whole service in the foreground: ingest, which takes clicks at once,
               the embedded database (when DATABASE_URL is not set), the migrations, then aggregator and query.
               A process that dies is started again. Ctrl-C or SIGTERM stops everything in order.
  ingest       runs one process alone, in the foreground
  aggregator
  query
  database     the embedded PostgreSQL
  bench [...]  measures this machine: the running product against nginx and the bare framework (PERFORMANCE.md);
               with BENCH_BEFORE=COMMIT, "bench direct" against that commit, too
  jmh [...]    measures single parts with JMH: ./run.sh jmh AppendBenchmark -prof gc
  audit        compares the counts in the database with the log, and repairs them; --help: more
  replay       builds the counts of an empty database from the log
  log          looks into the click log: log tail, show, export, stats, unlock, clock, reader; log --help: more
  help         this text

Settings are environment variables or lines in config/settings.env, which lists them all. ./migrate.sh -help: the schema.

Exit codes: 0 stopped as asked · 1 unexpected error · 2 cannot start, the message says why · 3 the log cannot be written, or no memory ·
4 another aggregator has taken over · 5 the log does not hold the database's position · 6 the database was restored.
HELP
}

# Becomes Java with the jar of the module $1; the rest are its flags, its main class and the arguments.
become() {
  jar=$(jar "$1")
  shift
  exec $nice "$JAVA_HOME/bin/java" -cp "$jar" @config/jvm.options "$@"
}

command=${1:-all}
[ $# -eq 0 ] || shift
case $command in
  help | -h | -help | --help)
    help
    exit
    ;;
  all | ingest | ingest-[1-9] | ingest-[1-9][0-9] | ingest-[1-9][0-9][0-9] | aggregator | query | database) ;;
  audit | replay | log | bench | jmh) ;;
  *)
    echo "run.sh: there is no command \"$command\". ./run.sh help lists them." >&2
    exit 2
    ;;
esac

find_jdk
build_if_needed
# Clicks first: what comes after the log can wait for a moment, a browser cannot.
nice='nice -n 5'
case $command in
  all) nice='' become supervisor @config/jvm/supervisor.options ;;
  ingest*)
    [ "$command" = ingest ] || set -- "${command#ingest-}" "$@"
    cache=target/ingest.aot # as Program.java has it
    [ -f pom.xml ] || cache=${DATA_DIR:-data}/cache/ingest.aot
    set -- "-Dclickcounter.classCache=$cache" "-Xlog:aot*=off" @config/jvm/ingest.options "$@"
    [ ! -f "$cache" ] || set -- "-XX:AOTCache=$cache" "$@"
    nice='' become ingest "$@"
    ;;
  aggregator | query) become "$command" "@config/jvm/$command.options" "$@" ;;
  database) nice='' become migrations @config/jvm/database.options "$@" ;;
  audit | replay | log) become tools @config/jvm/tools.options "$command" "$@" ;;
  bench | jmh)
    [ -f pom.xml ] || {
      echo "run.sh: benchmarks run in the project's source folder only." >&2
      exit 2
    }
    exec benchmarks/run.sh "$command" "$@"
    ;;
esac
