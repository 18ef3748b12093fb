# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

class AnsibleValidationError(Exception): ...

class AnsibleValidationErrorMultiple(AnsibleValidationError):
    msg: str
    def __getitem__(self, key: int) -> AnsibleValidationError: ...

class UnsupportedError(AnsibleValidationError): ...
