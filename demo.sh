#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
#
# Shows the main job against the simulator: an upgrade that a Fatal risk stops, then one that passes.
# Needs python3 (3.11 or newer) and a package index. Fails if anything differs from what it says.
set -eu
cd "$(dirname "$0")"
. tests/setup.sh
install tests/requirements-demo.txt
stage
python tests/demo.py
