# shellcheck shell=bash
# What the scripts of this folder share: where things are, how a long step is run and reported,
# which Terraform is used. To be sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
tools=$root/.tools
terraform_minimum=1.11

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# at_least FOUND MINIMUM: whether a dotted version reaches a minimum.
at_least() {
  local IFS=. index
  local -a has needs
  read -r -a has <<<"${1%%[-+a-z]*}"
  read -r -a needs <<<"$2"
  for index in "${!needs[@]}"; do
    if ((10#${has[index]:-0} != 10#${needs[index]})); then
      ((10#${has[index]:-0} > 10#${needs[index]}))
      return
    fi
  done
}

# first_version: the first version number in what is read.
first_version() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ [0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.]+)? ]]; then
      printf '%s\n' "${BASH_REMATCH[0]}"
      return
    fi
  done
}

# terraform_version BINARY: what terraform or tofu says it is. A configuration file that is
# named but missing would only add warnings, so none is read.
terraform_version() {
  TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 "$1" version 2>/dev/null | first_version
}

# terraform_command: the program that plans and applies. TF chooses (terraform or tofu);
# without it a terraform that is new enough, else the OpenTofu built here.
terraform_command() {
  local found
  found=$(command -v terraform || true)
  case ${TF:-} in
    tofu) printf '%s\n' "$tools/bin/tofu" ;;
    terraform)
      if [[ -z $found ]] || ! at_least "$(terraform_version "$found")" "$terraform_minimum"; then
        die "TF=terraform, but no terraform $terraform_minimum or newer is on the path"
      fi
      printf '%s\n' "$found"
      ;;
    '')
      if [[ -n $found ]] && at_least "$(terraform_version "$found")" "$terraform_minimum"; then
        printf '%s\n' "$found"
      else
        printf '%s\n' "$tools/bin/tofu"
      fi
      ;;
    *) die "TF is '$TF': it may be terraform or tofu, or be left out" ;;
  esac
}

# report_progress NAME: a line every ten seconds until its input is closed, which also happens
# when the script that opened it is killed.
report_progress() {
  local started=$SECONDS status
  while
    status=0
    read -r -t 10 || status=$?
    ((status > 128)) # The time was up; the end of the input gives 1.
  do
    say "$1: $((SECONDS - started)) s"
  done
}

# run_step NAME COMMAND...: runs a long command with its output in .tools/log/NAME.log and its
# progress on stderr. When it fails, the end of that log is shown and the status is returned.
run_step() {
  local name=$1 started=$SECONDS status=0 log=$tools/log/$1.log
  shift
  mkdir -p "$tools/log"
  exec 3> >(report_progress "$name")
  "$@" >"$log" 2>&1 </dev/null 3>&- || status=$?
  exec 3>&-
  if ((status != 0)); then
    say "$name: failed after $((SECONDS - started)) s; the end of $log:"
    tail -n 20 "$log" >&2
    return "$status"
  fi
  say "$name: done in $((SECONDS - started)) s"
}

# target_directory: where cargo puts what it builds, which the user's settings may move.
target_directory() {
  (cd "$root" && cargo metadata --format-version 1 --no-deps --offline) |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# core_name: what our programs call the one that terraform_command chooses.
core_name() {
  local command
  command=$(terraform_command)
  if [[ ${command##*/} == tofu ]]; then echo tofu; else echo terraform; fi
}
