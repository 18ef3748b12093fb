# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# The parts of Ansible that the plugins use, as ansible-core has no type hints. The names are held against ansible-core
# by tests/repository/test_stubs.py.
