#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Runs what depends most on ansible-core with every supported version but that of test.sh: the unit tests,
# the module of the check results, and every module both ways; then every module on the oldest Python. `nox` alone runs
# all tests with all versions.
# Needs python3 (3.11 or newer) and a package index; a version whose Python is not there is left out, and says so.
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh
install tests/requirements.txt
nox -s "tests(2.16)" "tests(2.17)" "tests(2.19)" "tests(2.20)" "tests(2.21)" "tests(2.22)" -- \
  tests/unit tests/e2e/test_check_info.py tests/e2e/test_parity.py
nox -s modules
