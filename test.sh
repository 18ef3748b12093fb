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
(cd .build && mypy --config-file ../pyproject.toml ansible_collections/huaweicloud/cce/plugins)

say "yamllint"
yamllint --strict .

say "ansible-lint, production profile"
(cd .build/ansible_collections/huaweicloud/cce && ansible-lint --offline --project-dir .)

say "ansible-test sanity"
sh tests/ansible-test.sh sanity --venv --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"

say "The tarball, installed: what all tests run on"
python tests/stage.py --install
export ANSIBLE_COLLECTIONS_PATH="$root/.build/installed"
options="-q -n 3 --dist loadfile"

# Where nearly all of the plugins' code runs already. Watching every process of the other tests would take twice the time.
watched="tests/unit tests/component"
for name in addon addon_check check_info info_modules inventory report_playbooks; do
  watched="$watched tests/e2e/test_$name.py"
done
say "Unit, component and those end-to-end tests whose coverage is measured"
rm -rf .build/coverage
mkdir -p .build/coverage
export COVERAGE_FILE="$root/.build/coverage/data" COVERED="$ANSIBLE_COLLECTIONS_PATH/ansible_collections/huaweicloud/cce/plugins"
# shellcheck disable=SC2086  # several words
coverage run -m pytest $options $watched

say "Coverage of the plugins, with the processes that the tests start"
# A worker that a test kills leaves half a file behind, of which there is a warning.
coverage combine --quiet
coverage report

say "All other tests"
# shellcheck disable=SC2046,SC2086  # several words
python -m pytest $options $(printf -- '--ignore=%s ' $watched)

say "All checks passed"
