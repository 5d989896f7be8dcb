#!/usr/bin/env bash
# Make the environment in .venv, or leave it alone where requirements.txt and pyproject.toml are those it was made from.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    local found
    found=$("${PYTHON:-python3}" --version 2>&1) || found="no Python at all"
    say "The course needs Python 3.11 or newer, found: $found."
    say "Install a newer one (https://www.python.org/downloads/) and name it: make course PYTHON=python3.12"
    exit 1
}

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "$("$python" --version) cannot make virtual environments: its venv module is missing."
        say "On Debian and Ubuntu: apt install python3-venv"
        exit 1
    fi
    say "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

made_from=$(cat requirements.txt pyproject.toml <(.venv/bin/python --version) <(pwd) | .venv/bin/python -c \
    'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
stamp=.venv/made-from
if [ "$(cat "$stamp" 2>/dev/null)" = "$made_from" ]; then
    exit 0
fi
say "Installing the pinned packages into .venv (once; needs the network)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
# Its dependencies are there now, and setuptools, which builds it, is one of them.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$made_from" > "$stamp"
