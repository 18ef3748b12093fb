# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a check finds, from the state of the add-on and the values that an upgrade would send. Pure."""

from __future__ import annotations

from typing import Any

DRIFT_MESSAGE = (
    "the effective configuration of the add-on differs from its parameters because the ConfigMap kube-system/coredns "
    "was modified outside of the add-on. Move the change into the add-on's parameters, or set parameterSyncStrategy to "
    "inherit to keep the effective configuration, or to force to overwrite it"
)


def _risk(name: str, found: bool, level: str, message: str) -> dict[str, Any]:
    status = "Failed" if found else "Success"
    return {"riskName": name, "level": level, "status": status, "message": message if found else ""}


def find_risks(instance: Any, kind: str, target: str | None, values: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the risks of a check, found or not."""
    upgrade = kind == "addonUpgrade"
    custom = (values or {}).get("custom") or {}
    risks = [_risk("AddonStatus", not instance.pods_ready, "Fatal", "1 of 2 pods is not ready")]
    if upgrade:
        wrong = _wrong_values(values)
        drifted = instance.drift is not None and custom.get("parameterSyncStrategy") not in ("inherit", "force")
        message = wrong or DRIFT_MESSAGE
        risks.append(_risk("AddonValidate", bool(wrong) or drifted, "Fatal", message))
    if instance.name in ("coredns", "nginx-ingress"):
        changed = instance.resources_modified
        risks.append(_risk("K8sResourceModified", changed, "Fatal", "a Deployment was modified with kubectl"))
    if instance.name == "nginx-ingress":
        risks.append(_risk("SnippetAnnotations", instance.snippets, "Warning", "3 Ingresses use snippet annotations"))
        weak = upgrade and instance.weak_certificate and _numbers(instance.version) < (3, 0, 7) <= _numbers(target)
        risks.append(
            _risk("CertificateKeyLength", weak, "Fatal", "the default certificate has an RSA key of 1024 bits")
        )
    return risks + [dict(risk) for risk in instance.risks]


def _wrong_values(values: dict[str, Any] | None) -> str | None:
    flavor = (values or {}).get("flavor") or {}
    replicas = flavor.get("replicas", 1) if isinstance(flavor, dict) else 1
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 1:
        return f"flavor.replicas must be a number from 1, not {replicas!r}"
    return None


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (version or "0").partition("-")[0].split(".") if part.isdigit())


def unfinished(risks: list[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    """Return risks as they show before they are done: the level of an unfinished risk means nothing."""
    return [{"riskName": risk["riskName"], "level": "Warning", "status": status, "message": ""} for risk in risks]
