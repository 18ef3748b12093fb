# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from ansible.module_utils.errors import AnsibleValidationErrorMultiple

class ValidationResult:
    errors: AnsibleValidationErrorMultiple
    _deprecations: list[dict[str, Any]]
    _no_log_values: set[str]
    _warnings: list[dict[str, Any]]
    @property
    def error_messages(self) -> list[str]: ...
    @property
    def validated_parameters(self) -> dict[str, Any]: ...

class ArgumentSpecValidator:
    def __init__(
        self,
        argument_spec: dict[str, Any],
        mutually_exclusive: list[Any] | None = None,
        required_together: list[Any] | None = None,
        required_one_of: list[Any] | None = None,
        required_if: list[Any] | None = None,
    ) -> None: ...
    def validate(self, parameters: dict[str, Any]) -> ValidationResult: ...
