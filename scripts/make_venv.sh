#!/bin/sh
# Make a virtual environment with pip, on a machine that may have nothing but Python.
#
#   scripts/make_venv.sh FOLDER [PYTHON]
#
# A folder that already works is left as it is. Debian ships Python without `ensurepip`, so `python3 -m venv`
# may fail there; then virtualenv, the system's pip and (for root) apt-get are tried, in this order.
set -eu

folder=$1
wanted=${2:-}
oldest="3.11"

works() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
ready() { [ -x "$folder/bin/python" ] && works "$folder/bin/python" && "$folder/bin/python" -m pip --version >/dev/null 2>&1; }
say() { printf '%s\n' "$*" >&2; }

if ready; then
  exit 0
fi

python=""
for candidate in ${wanted:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
  if command -v "$candidate" >/dev/null 2>&1 && works "$candidate"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  found=$("${wanted:-python3}" --version 2>/dev/null || echo "no Python")
  say "journeylog needs Python $oldest or newer; found: $found."
  say "Fix: install one (Debian 12 and later: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 ..."
  exit 1
fi

if [ -e "$folder" ] && [ ! -e "$folder/pyvenv.cfg" ] && [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
  say "$folder is there and is no virtual environment. Fix: move it away, or choose another: make VENV=other ..."
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

with_venv() { "$python" -m venv --clear "$folder"; }
with_virtualenv() { "$python" -m virtualenv --quiet "$folder" || virtualenv --quiet --python "$python" "$folder"; }
with_system_pip() {
  "$python" -m venv --clear --without-pip "$folder" && "$python" -m pip --python "$folder/bin/python" install --quiet pip
}
with_apt() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "python3-venv is missing; installing it with apt-get"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" \
    && "$python" -m venv --clear "$folder"
}

for way in with_venv with_virtualenv with_system_pip with_apt; do
  if $way >>"$log" 2>&1 && ready; then
    exit 0
  fi
done

rm -rf "$folder"
say "no virtual environment could be made with $python. What was tried said:"
tail -n 15 "$log" >&2
say "Fix: apt-get install python3-venv (as root), or: $python -m pip install --user virtualenv; then run make again."
exit 1
