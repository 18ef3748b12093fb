#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Runs ansible-test on the staged copy, in a home of its own below .build.
#
# ansible-test downloads a script to get pip into its virtual environments, which some networks block, and hides the PIP_*
# variables from it. Where that script would be kept there is a stand-in: pip comes with the interpreter (ensurepip).
set -eu
cd "$(dirname "$0")/.."
HOME="$PWD/.build/home"
export HOME
# Its scripts start from a temporary folder, whose path must have no spaces.
unset TMPDIR ANSIBLE_REMOTE_TMP
cache="$HOME/.ansible/test/cache"
mkdir -p "$cache" "$HOME/.config/pip"
for version in 20_3_4 21_3_1 23_1_2 24_0 24_2 24_3_1 25_0_1 25_1_1 25_2 25_3 26_0 26_0_1; do
  cat > "$cache/get_pip_$version.py" <<'PY'
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]))
PY
done
if [ -n "${PIP_CERT:-}" ]; then
  printf '[global]\ncert = %s\n' "$PIP_CERT" > "$HOME/.config/pip/pip.conf"
fi
cd .build/ansible_collections/huaweicloud/cce
# Inside a checkout it would ask git for the files, and .build is ignored there: a repository of its own ends the search.
if command -v git > /dev/null; then
  git init --quiet .
fi
exec ansible-test "$@"
