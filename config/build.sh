# shellcheck shell=sh
# Sourced by run.sh and migrate.sh, in the project's folder, after config/java.sh.

# Builds the project when it was never built or a source is newer than the last build. Where there are no sources, as in
# an installation, there is nothing to do.
build_if_needed() {
  [ -f pom.xml ] || return 0
  if [ -f target/built ] &&
    [ -z "$(find pom.xml .mvn ./*/pom.xml ./*/src/main migrations/sql -newer target/built | head -n 1)" ]; then
    return 0
  fi
  echo "building…" >&2
  mkdir -p target
  touch target/building # what changes from now on is newer
  rm -rf -- ./*/target/lib ./*/target/classes # else what is gone from the sources would stay on the class path
  if ! ./mvnw -q -Dquick -Dmaven.test.skip=true -pl '!distribution,!end-to-end' package >&2; then
    echo "${0##*/}: the build failed; the lines above say why." >&2
    exit 2
  fi
  mv target/building target/built
}

# Prints the jar of the module $1. Its manifest names the libraries, which lie beside it.
jar() {
  if [ -d lib ]; then
    printf '%s' "lib/$1"-[0-9]*.jar
  else
    printf '%s' "$1/target/lib/$1"-[0-9]*.jar
  fi
}
