#!/usr/bin/env bash
# Brings the schema of the database to a version: ./migrate.sh -help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
[[ -d config ]] || cd .. # an installation has the scripts in bin/
umask 027 # what is in DATA_DIR is for this user, and for its group to read
. config/java.sh
. config/build.sh
. config/settings.sh
find_jdk
build_if_needed || exit 2
load_settings
set_jar migrations
exec "$JAVA_HOME/bin/java" @config/jvm.options -XX:TieredStopAtLevel=1 -cp "$jar" \
  clickcounter.migrations.MigrateMain "$@"
