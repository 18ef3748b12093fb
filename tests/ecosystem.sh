#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Runs the checks that Ansible's ecosystem has for a collection: of what is published, and of what is written about it.
# Needs python3 (3.11 or newer) and a package index; what it makes stays below this folder. Without Node.js and npm, it
# leaves out the linters of the report's page, and says so.
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh
install tests/requirements-ecosystem.txt
stage
staged="$root/.build/ansible_collections/huaweicloud/cce"
work="$root/.build/ecosystem"
rm -rf "$work"
mkdir -p "$work"

say "shellcheck"
shellcheck demo.sh test.sh tests/*.sh .ci/run

say "prettier, stylelint and eslint: the style and the script of the report"
passed="All checks of the ecosystem passed"
if command -v npm > /dev/null; then
  npm_config_cache="$root/.cache/npm" npm ci --prefix tests/ecosystem --prefer-offline --loglevel error
  (
    export PATH="$root/tests/ecosystem/node_modules/.bin:$PATH"
    page="plugins/plugin_utils/_report/page"
    prettier --check "$page.css" "$page.js" tests/ecosystem/*.mjs
    stylelint --config tests/ecosystem/stylelint.config.mjs --max-warnings 0 "$page.css"
    eslint --config tests/ecosystem/eslint.config.mjs --max-warnings 0 "$page.js"
  )
else
  passed="$passed, but page.css and page.js were not checked: there is no Node.js here (Debian: nodejs and npm)"
  echo "NOT CHECKED: there is no npm here (Debian: nodejs and npm)." >&2
fi

say "REUSE: every file says its licence"
# In a repository of its own, as the checkout's ignores .build.
(cd "$staged" && git init --quiet . && reuse lint)

say "antsibull-changelog: fragments, and a changelog that is made of them"
(cd "$staged" && antsibull-changelog lint && antsibull-changelog lint-changelog-yaml --strict changelogs/changelog.yaml)
sh tests/changelog.sh check

say "antsibull-docs: documentation of plugins and roles"
(cd "$staged" && antsibull-docs lint-collection-docs --plugin-docs .)

say "The tarball"
python tests/stage.py --install
tarball=$(echo "$root"/.build/tarball/huaweicloud-cce-*.tar.gz)
python -m pytest -q tests/repository/test_tarball.py

say "galaxy-importer"
(cd "$work" && GALAXY_IMPORTER_CONFIG="$root/tests/ecosystem/galaxy-importer.cfg" \
  python -m galaxy_importer.main "$tarball" > importer.log 2>&1) || { cat "$work/importer.log"; exit 1; }
cat "$work/importer.log"
# It tells ansible-lint a place of collections in which ansible-lint does not find the collection itself.
if grep -E '^(WARNING|ERROR)' "$work/importer.log" | grep -v 'Failed to find huaweicloud.cce.[a-z]* playbook.$'; then
  echo "galaxy-importer warns: see above." >&2
  exit 1
fi

say "The site of the documentation"
# The guides refer to each other, and to files, as they lie in the repository.
cp -R "$staged" "$work/site"
mv "$work/site/tests/ecosystem/index.md" "$work/site"
mkdir -m 755 "$work/site/reference"
antsibull-docs collection --use-current --fail-on-error --squash-hierarchy --dest-dir "$work/site/reference" huaweicloud.cce
sphinx-build --quiet --fail-on-warning --keep-going --conf-dir tests/ecosystem "$work/site" "$work/html"

# Last, as ansible-test leaves its environments in the staged copy.
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
say "ansible-test units"
sh tests/ansible-test.sh units --venv --requirements --python "$python"

say "ansible-test integration"
python tests/integration.py --venv --requirements --python "$python"

say "$passed"
