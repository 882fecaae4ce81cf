# shellcheck shell=bash
# Finds the Python that runs the AWS emulators. To be sourced after lib.sh.
#
# LocalStack installs under 3.11 and 3.12 as well but does not run there, and a Python that was
# built without some of its libraries, or packaged without ensurepip, fails only after minutes;
# so a candidate is believed only when it has imported what is needed and made an environment.

# The parts of the standard library that distributions and source builds leave out.
python_modules='bz2, ctypes, ensurepip, hashlib, lzma, multiprocessing.synchronize, pyexpat, sqlite3, ssl, venv, zlib'

# python_candidates: paths worth trying, one on each line, best first. PYTHON goes first;
# pyenv's own are listed because its python3.13 fails where 3.13 is installed but not selected.
python_candidates() {
  local name
  if [[ -n ${PYTHON:-} ]]; then printf '%s\n' "$PYTHON"; fi
  for name in python3.13 python3 python; do
    command -v "$name" || true
  done
  local -a pyenv=("${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13)
  local index
  for ((index = ${#pyenv[@]} - 1; index >= 0; index--)); do
    printf '%s\n' "${pyenv[index]}"
  done
}

# python_objection PYTHON: why this interpreter will not do, or nothing.
python_objection() {
  local version scratch
  version=$("$1" -c 'import platform; print(platform.python_version())' 2>/dev/null) ||
    { printf 'does not run'; return; }
  [[ $version == 3.13.* ]] || { printf 'is %s' "$version"; return; }
  "$1" -c 'import sys, sysconfig; sys.exit(bool(sysconfig.get_config_var("Py_GIL_DISABLED")))' ||
    { printf 'is a free-threaded %s' "$version"; return; }
  "$1" -c "import $python_modules" 2>/dev/null ||
    { printf '%s lacks a library (%s)' "$version" "$("$1" -c "import $python_modules" 2>&1 | tail -n 1)"; return; }
  scratch=$(mktemp -d)
  "$1" -m venv "$scratch/venv" >/dev/null 2>&1 && "$scratch/venv/bin/python" -m pip --version >/dev/null 2>&1 ||
    printf '%s cannot make a virtual environment' "$version"
  rm -rf "$scratch"
}

# find_python: sets python to the first interpreter that will do, or to nothing, and
# python_passed_over to what was found before it and why it was not taken.
find_python() {
  local candidate objection
  python=
  python_passed_over=
  while IFS= read -r candidate; do
    [[ -x $candidate ]] || continue
    objection=$(python_objection "$candidate")
    if [[ -z $objection ]]; then
      python=$candidate
      return
    fi
    python_passed_over+="${python_passed_over:+; }$candidate $objection"
  done < <(python_candidates)
}

# environment_pin NAME: what the virtual environment of that name must have been made from.
environment_pin() { cat "$root/tools/python/$1.txt" "$root/tools/python/check_$1.py" | cksum; }

# environment_is_current NAME: whether .tools/NAME holds what tools/python/NAME.txt pins, and runs.
environment_is_current() {
  [[ -f $tools/$1/pin && $(<"$tools/$1/pin") == "$(environment_pin "$1")" ]] &&
    "$tools/$1/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null
}
