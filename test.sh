#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Runs every check. Needs python3 (3.11 or newer) and a package index; what it makes stays below this folder.
set -eu
cd "$(dirname "$0")"
. tests/setup.sh
install tests/requirements.txt
stage

say "ruff"
ruff check .
ruff format --check .

say "mypy"
(cd .build && mypy --config-file ../pyproject.toml --namespace-packages --explicit-package-bases \
  ansible_collections/huaweicloud/cce/plugins/module_utils)

say "yamllint"
yamllint --strict .

say "ansible-lint, production profile"
(cd .build/ansible_collections/huaweicloud/cce && ansible-lint --offline --project-dir .)

say "ansible-test sanity"
sh tests/ansible-test.sh sanity --venv --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"

say "Unit, end-to-end and browser tests, on the installed tarball"
python tests/stage.py --install
rm -rf .build/coverage
mkdir -p .build/coverage
export COVERAGE_FILE="$root/.build/coverage/data" COVERED="$root/.build/installed/ansible_collections/huaweicloud/cce/plugins"
ANSIBLE_COLLECTIONS_PATH="$root/.build/installed" \
  coverage run -m pytest -q -n 2 --dist loadfile tests/unit tests/e2e tests/browser

say "Coverage of the plugins, with the processes that the tests start"
# A worker that a test kills leaves half a file behind, of which there is a warning.
coverage combine --quiet
coverage report

say "All checks passed"
