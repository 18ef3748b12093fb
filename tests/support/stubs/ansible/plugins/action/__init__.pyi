# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.connection import ConnectionBase
from ansible.template import Templar

class ActionBase:
    _connection: ConnectionBase
    _loader: DataLoader
    _task: Task
    _templar: Templar
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]: ...
    def validate_argument_spec(self, argument_spec: Any = None) -> tuple[ValidationResult, dict[str, Any]]: ...
    def _compute_environment_string(self, raw_environment_out: dict[str, Any] | None = None) -> str: ...
