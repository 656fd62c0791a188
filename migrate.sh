#!/bin/sh
# Brings the schema of the database to a version: ./migrate.sh -help
set -eu
CDPATH='' cd -- "$(dirname "$0")"
[ -d config ] || cd .. # an installation has the scripts in bin/
umask 027              # what is in DATA_DIR is for this user, and for its group to read
. ./config/java.sh
. ./config/build.sh
find_jdk
build_if_needed
exec "$JAVA_HOME/bin/java" -cp "$(jar tools)" @config/jvm.options -XX:TieredStopAtLevel=1 @config/jvm/tools.options \
  migrate "$@"
