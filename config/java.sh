# shellcheck shell=bash
# Sourced by run.sh, migrate.sh and mvnw.

# Sets JAVA_HOME to a full JDK of version 25 or later: the one that is set, the one on the PATH, else the newest under
# the usual folders. Ends the script with one clear line when there is none.
find_jdk() {
  local home
  for home in "${JAVA_HOME:-}" \
    "$(dirname -- "$(dirname -- "$(readlink -f -- "$(command -v javac || true)")")")" \
    $(ls -d /usr/lib/jvm/*/ /opt/java/*/ "$HOME"/.sdkman/candidates/java/*/ /Library/Java/JavaVirtualMachines/*/Contents/Home/ 2>/dev/null | sort -rV); do
    home=${home%/}
    [[ -x $home/bin/javac && -f $home/release ]] || continue
    local version
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    if ((${version:-0} >= 25)); then
      export JAVA_HOME=$home
      return
    fi
  done
  echo "${0##*/}: no JDK 25 found (looked at JAVA_HOME, the PATH and /usr/lib/jvm)." \
    "Install one, for example Temurin 25 (package temurin-25-jdk), or set JAVA_HOME to it." >&2
  exit 1
}
