#!/bin/sh
# Builds and runs the benchmarks in the project's folder: ./run.sh bench, ./run.sh jmh
set -eu
case $1 in
  bench) main=clickcounter.benchmarks.Bench ;;
  jmh) main=org.openjdk.jmh.Main ;;
esac
shift
./mvnw -q -Dquick -Dmaven.test.skip=true -Pbenchmarks package >&2
# The bare framework is measured with the flags of ingest.
BENCH_JAVA_COMMAND=$(printf '%s\n' "$JAVA_HOME/bin/java" @config/jvm.options && grep ^- config/jvm/ingest.options)
export BENCH_JAVA_COMMAND
if [ -n "${BENCH_BEFORE:-}" ]; then
  BENCH_BEFORE_SOURCES=$(mktemp -d)
  export BENCH_BEFORE_SOURCES
  trap 'git worktree remove --force "$BENCH_BEFORE_SOURCES"' EXIT
  trap 'exit 130' INT TERM
  git worktree add --quiet --detach "$BENCH_BEFORE_SOURCES" "$BENCH_BEFORE"
  (cd "$BENCH_BEFORE_SOURCES" && ./mvnw -q -Dquick -Dmaven.test.skip=true package >&2)
fi
"$JAVA_HOME/bin/java" @config/jvm.options -Xmx2g -XX:+UseSerialGC -cp 'benchmarks/target/lib/*' "$main" "$@"
