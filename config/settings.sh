# shellcheck shell=bash
# Sourced by run.sh and migrate.sh, in the project's folder.

# Exports the settings of config/settings.env; a variable that is already set in the environment wins.
load_settings() {
  local line name
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[1]}
    [[ -n ${!name+set} ]] || export "$name=${BASH_REMATCH[2]}"
  done <config/settings.env
}
