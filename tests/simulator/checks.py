# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a check finds, from the condition of an add-on and the values that an upgrade would send. Pure.

The risk items are those of the user guide (add-on upgrade checks). Names that it does not give are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import values as values_of
from versions import numbers

KINDS = ("addonStatic", "addonUpgrade")
DRIFT_MESSAGE = (
    "the effective configuration of the add-on differs from its parameters because the ConfigMap kube-system/coredns "
    "was modified outside of the add-on. Either put the ConfigMap back as it was, or set parameterSyncStrategy to "
    "inherit to keep the effective configuration, or set it to force to let the parameters of the request overwrite it"
)
_SNIPPETS_OFF = (2, 4, 6)
_STRONG_CERTIFICATES = (3, 0, 7)
_CLASSES_NEEDED = (2, 0, 0)


@dataclass(frozen=True)
class Condition:
    """What is the matter with an add-on, apart from its version and values.

    Args:
        drift: Settings below `custom` that somebody made in the ConfigMap by hand; None if it is untouched.
        pods_ready: `partly` leaves the add-on usable, in part.
        resources_modified: Somebody changed its Deployment or ConfigMaps with kubectl.
        weak_certificate: The default certificate has a short key.
        default_backend_missing: The Service of the default backend is gone.
        snippets: There are Ingresses with snippet annotations.
        unclassed_ingresses: There are Ingresses without a class.
        risks: Further risks: name, level, and, if not both kinds and Failed, type and status; message.
    """

    drift: Mapping[str, Any] | None = None
    pods_ready: bool | str = True
    resources_modified: bool = False
    weak_certificate: bool = False
    default_backend_missing: bool = False
    snippets: bool = False
    unclassed_ingresses: bool = False
    risks: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True)
class Subject:
    """What is checked. `target`, `sent` and `offered` (the target's `input`) count for an upgrade only."""

    kind: str
    name: str
    version: str
    status: str
    values: Mapping[str, Any]
    condition: Condition
    cluster_version: str
    target: str = ""
    sent: Mapping[str, Any] | None = None
    offered: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_upgrade(self) -> bool:
        """Whether this is the check before an upgrade."""
        return self.kind == "addonUpgrade"

    @property
    def judged(self) -> Mapping[str, Any]:
        """The values that count: those sent, else those of the instance."""
        return self.values if self.sent is None or not self.is_upgrade else self.sent


def find_risks(subject: Subject) -> list[dict[str, Any]]:
    """Return the risks that a check looked for, found or not."""
    condition, cluster = subject.condition, numbers(subject.cluster_version)
    risks = []
    if cluster >= (1, 15):
        risks.append(_add_on_status(subject))
    if subject.is_upgrade:
        risks.append(_add_on_settings(subject))
    if subject.name in ("coredns", "nginx-ingress") and cluster >= (1, 19):
        risks.append(_resources_modified(subject))
    if subject.name == "nginx-ingress":
        risks += _nginx_ingress(subject)
    for risk in condition.risks:
        if risk.get("type") in (None, subject.kind):
            risks.append(
                {
                    "riskName": risk.get("name", risk.get("riskName")),
                    "level": risk.get("level", "Fatal"),
                    "status": risk.get("status", "Failed"),
                    "message": risk.get("message", ""),
                }
            )
    return risks


def _risk(name: str, found: bool, level: str, message: str) -> dict[str, Any]:
    status = "Failed" if found else "Success"
    return {"riskName": name, "level": level, "status": status, "message": message if found else ""}


def _add_on_status(subject: Subject) -> dict[str, Any]:
    ready = subject.condition.pods_ready
    partly = ready == "partly" or (ready is True and subject.status == "available")
    bad = ready is not True or subject.status != "running"
    message = f"1 of 2 pods of {subject.name} is not ready, the add-on is {subject.status}"
    return _risk("AddonStatus", bad, "Warning" if partly else "Fatal", message)


def _add_on_settings(subject: Subject) -> dict[str, Any]:
    wrong = values_of.wrong(subject.judged, subject.offered)
    return _risk("AddonValidate", bool(wrong) or blocks(subject), "Fatal", wrong or DRIFT_MESSAGE)


def blocks(subject: Subject) -> bool:
    """Whether a ConfigMap that was modified by hand stops the upgrade."""
    return subject.condition.drift is not None and values_of.strategy(subject.judged) == "ensureConsistent"


def _resources_modified(subject: Subject) -> dict[str, Any]:
    """Once the request says what becomes of a drift, it is no risk any more."""
    drifted = subject.condition.drift is not None and (not subject.is_upgrade or blocks(subject))
    modified = subject.condition.resources_modified
    kinds = [kind for kind, found in (("ConfigMap", drifted), ("Deployment", modified)) if found]
    level = "Fatal" if modified else "Warning"
    message = f"{' and '.join(kinds)} of {subject.name} modified with kubectl, an upgrade would overwrite that"
    return _risk("K8sResourceModified", bool(kinds), level, message)


def _nginx_ingress(subject: Subject) -> list[dict[str, Any]]:
    condition = subject.condition
    before = numbers(subject.version)
    after = numbers(subject.target) if subject.is_upgrade else before
    config = values_of.at(subject.judged, "custom.config") or {}
    allowed = (
        str(config.get("allow-snippet-annotations", "")).lower() == "true"
        and config.get("annotations-risk-level") == "Critical"
    )
    risks = [
        _risk(
            "SnippetAnnotations",
            condition.snippets and after >= _SNIPPETS_OFF and not allowed,
            "Warning",
            "3 Ingresses use snippet annotations, which are off by default from 2.4.6",
        ),
        _risk(
            "DefaultBackend",
            condition.default_backend_missing,
            "Fatal",
            "the Service of the default backend does not exist, the pods would restart for ever",
        ),
    ]
    if subject.is_upgrade:
        risks += [
            _risk(
                "CertificateKeyLength",
                weak_certificate_fails(condition, before, after, subject.judged),
                "Fatal",
                "the default certificate has an RSA key of 1024 bits, the controller would not start",
            ),
            _risk(
                "IngressClass",
                condition.unclassed_ingresses and before < _CLASSES_NEEDED <= after,
                "Fatal",
                "2 Ingresses name no class and would be ignored",
            ),
        ]
    return risks


def weak_certificate_fails(
    condition: Condition, before: tuple[int, ...], after: tuple[int, ...], values: Mapping[str, Any]
) -> bool:
    """Whether OpenSSL's security level 2 stops the controller: from 3.0.7, unless the ciphers lower the level."""
    ciphers = str((values_of.at(values, "custom.config") or {}).get("ssl-ciphers", ""))
    return condition.weak_certificate and before < _STRONG_CERTIFICATES <= after and "@SECLEVEL" not in ciphers


def unfinished(risks: Sequence[Mapping[str, Any]], status: str) -> list[dict[str, Any]]:
    """Return risks as they show before they are done: the level of an unfinished risk means nothing."""
    return [{"riskName": risk["riskName"], "level": "Warning", "status": status, "message": ""} for risk in risks]
