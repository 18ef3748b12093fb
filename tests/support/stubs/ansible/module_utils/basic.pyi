# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any, NoReturn

class AnsibleModule:
    argument_spec: dict[str, Any]
    check_mode: bool
    no_log_values: set[str]
    params: dict[str, Any]
    _diff: bool
    def __init__(
        self,
        argument_spec: dict[str, Any],
        *,
        mutually_exclusive: list[Any] = ...,
        required_together: list[Any] = ...,
        required_one_of: list[Any] = ...,
        required_if: list[Any] = ...,
        supports_check_mode: bool = ...,
    ) -> None: ...
    def exit_json(self, **kwargs: Any) -> NoReturn: ...
    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn: ...
    def log(self, msg: str) -> None: ...
    def warn(self, warning: str) -> None: ...
    def _log_invocation(self) -> None: ...

def missing_required_lib(library: str, reason: str | None = None, url: str | None = None) -> str: ...
