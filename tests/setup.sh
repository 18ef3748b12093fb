# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Sourced by demo.sh and test.sh, in the root of the checkout. Everything that they make stays below it.

say() { printf '\n== %s\n' "$*"; }

root=$(pwd)
export PIP_CACHE_DIR="$root/.cache/pip"
export XDG_CACHE_HOME="$root/.cache"
export ANSIBLE_HOME="$root/.build/ansible" ANSIBLE_REMOTE_TMP="$root/.build/ansible/tmp"
export ANSIBLE_ASYNC_DIR="$root/.build/ansible/async"
export ANSIBLE_COLLECTIONS_PATH="$root/.build"
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false
export PYTHONDONTWRITEBYTECODE=1
# pytest and Ansible keep what they write for the time of a run there.
export TMPDIR="$root/.build/tmp"
mkdir -p "$TMPDIR"
# Tests must not use an account of the user.
for variable in $(env | sed -n 's/^\(HUAWEICLOUD_[A-Z_]*\|HW_[A-Z_]*\|OS_[A-Z_]*\)=.*/\1/p'); do unset "$variable"; done
export HUAWEICLOUD_SDK_CREDENTIALS_FILE="$root/.build/no-such-profile"

# Install what a requirements file names into .venv, unless that was done for these very files.
install() {
  requirements=$1
  if ! [ -x .venv/bin/python ]; then
    say "Making .venv with $(python3 --version)"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
      echo "Python 3.11 or newer is needed, and this is $(python3 --version)." >&2
      exit 1
    }
    python3 -m venv .venv
  fi
  stamp=.venv/installed-$(cat requirements.txt tests/requirements*.txt tests/simulator/requirements.txt | cksum | cut -d' ' -f1)
  stamp=$stamp-$(basename "$requirements")
  if ! [ -e "$stamp" ]; then
    say "Installing $requirements into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
    touch "$stamp"
  fi
  export PATH="$root/.venv/bin:$PATH"
}

stage() {
  say "Staging the collection under .build"
  python tests/stage.py
}
