#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Makes CHANGELOG.md and changelogs/changelog.yaml of the fragments and the plugins' documentation:
#   sh tests/changelog.sh                 brings the version of galaxy.yml up to date
#   sh tests/changelog.sh release         starts the version of galaxy.yml
#   sh tests/changelog.sh check           fails if they are not up to date
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh
install tests/requirements-ecosystem.txt
stage
# antsibull-changelog wants the collection in its place below ansible_collections.
staged="$root/.build/ansible_collections/huaweicloud/cce"
case "${1:-}" in
  release) (cd "$staged" && antsibull-changelog release) ;;
  check | "") (cd "$staged" && antsibull-changelog generate --reload-plugins --refresh) ;;
  *) echo "usage: sh tests/changelog.sh [release|check]" >&2; exit 2 ;;
esac
for file in CHANGELOG.md changelogs/changelog.yaml; do
  if [ "${1:-}" != check ]; then
    cp "$staged/$file" "$file"
  elif ! diff -u "$file" "$staged/$file"; then
    echo "$file is not what the fragments and the plugins say: run sh tests/changelog.sh" >&2
    exit 1
  fi
done
