# shellcheck shell=sh
# Sourced by run.sh, migrate.sh and mvnw.

# Takes the folder $1 as JAVA_HOME when it has a JDK 25 or a later one than JAVA_HOME has.
try_jdk() {
  [ -x "$1/bin/javac" ] && [ -f "$1/release" ] || return 0
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ "${version:-0}" -ge "$newest" ] || return 0
  newest=$((version + 1))
  JAVA_HOME=$1
}

# Sets JAVA_HOME to a full JDK of version 25 or later: the one that is set, the one on the PATH, else the newest in the
# usual folders. Ends the script with one clear line when there is none.
find_jdk() {
  newest=25
  try_jdk "${JAVA_HOME:-}"
  if [ "$newest" -eq 25 ]; then
    program=$(command -v javac || true)
    while [ -L "$program" ]; do # a chain of links leads to the JDK
      target=$(readlink "$program")
      case $target in /*) program=$target ;; *) program=$(dirname "$program")/$target ;; esac
    done
    try_jdk "$(dirname "$(dirname "$program")")"
  fi
  if [ "$newest" -eq 25 ]; then
    for home in /usr/lib/jvm/* /opt/java/* "${HOME:-}"/.sdkman/candidates/java/* \
      /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
      try_jdk "$home"
    done
  fi
  if [ "$newest" -eq 25 ]; then
    echo "${0##*/}: no JDK 25 found (looked at JAVA_HOME, the PATH and the usual folders)." \
      "Install one, for example Temurin 25 (package temurin-25-jdk), or set JAVA_HOME to it." >&2
    exit 1
  fi
  export JAVA_HOME
}
