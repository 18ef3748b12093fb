# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What to do about a risk, by its name or its words. Pure."""

from __future__ import annotations

from .._model.check import TaskRisk

# What to do next, by risk name. Source: user guide, "Add-on upgrade checks". The names of four checks are not
# documented; those are told by a word of their name or message. Risk names are open-ended.
_REMEDIES = {
    "AddonStatus": (
        "Look at the add-on's pods and its LoadBalancer Service, wait until all are ready or repair them, then check "
        "again."
    ),
    "AddonValidate": "Correct the values that the message names, then check again.",
    "K8sResourceModified": (
        "Somebody changed the add-on's resources with kubectl, and the upgrade would overwrite that. Put them back, or "
        "move the difference into the add-on's values, then check again."
    ),
}
_COREDNS_DRIFT = (
    "Move the hand-made change into the add-on's values or put the ConfigMap back; or choose what the upgrade does "
    "with it: sync_strategy 'inherit' keeps it (recommended), 'force' discards it."
)
_REMEDIES_BY_WORD: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("certificate", "seclevel"),
        (
            "Replace the default certificate by a stronger one (RSA or DSA from 2048 bits, ECDSA from P-224), or set "
            "@SECLEVEL in ssl-ciphers, then check again."
        ),
    ),
    (
        ("default backend", "defaultbackend", "default-backend"),
        "Create the default backend Service again, then check again.",
    ),
    (
        ("ingressclass", "ingress class"),
        (
            "Set spec.ingressClassName (from Kubernetes 1.18) or the kubernetes.io/ingress.class annotation on the "
            "Ingresses, then check again."
        ),
    ),
    (
        ("snippet",),
        (
            "Rewrite the snippet annotations, or set allow-snippet-annotations to 'true' and annotations-risk-level to "
            "'Critical', then check again."
        ),
    ),
)
_GENERIC_REMEDY = "Read the message, put right what it names, then check again."


def remedy(risk: TaskRisk, addon_template_name: str | None = None) -> str | None:
    """Return what to do about a risk; None for one that is no risk (its status is `Success`)."""
    if risk.status == "Success":
        return None
    words = f"{risk.name or ''} {risk.message or ''}".lower()
    if "parametersyncstrategy" in words or (addon_template_name == "coredns" and risk.name == "K8sResourceModified"):
        return _COREDNS_DRIFT
    if risk.name in _REMEDIES:
        return _REMEDIES[risk.name]
    return next((text for keys, text in _REMEDIES_BY_WORD if any(key in words for key in keys)), _GENERIC_REMEDY)
