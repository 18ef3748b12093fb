# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Documentation of the options about add-ons, which several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    POLICY = r"""
options:
  fail_on_warning:
    description:
      - Whether Warnings also block, unless they are accepted. A Fatal risk always blocks.
    type: bool
    default: false
  accepted_warnings:
    description:
      - Warnings that do not block, because somebody takes responsibility for them. Used with O(fail_on_warning=true)
        only.
      - Each is a dictionary with C(addon), C(risk) (the name of one risk), C(reason) and C(until) (the last day on
        which it counts), and optionally C(target_version), C(cluster) (a pattern for the name or ID of clusters) and
        C(owner). A Fatal risk cannot be accepted.
      - C(addon) is the name of an add-on template. If a cluster has several instances of it, the entry is about all of
        them, or about the one that its C(addon_instance_id) names.
    type: list
    elements: dict
    default: []
  max_check_age:
    description:
      - Seconds after which a result is too old to count, by the clock of the service. A result from more than a minute
        in the future does not count either.
    type: float
    default: 3600.0
  skip_blocked:
    description:
      - Whether the add-ons that pass may be upgraded although others are blocked. A blocked add-on stays blocked.
    type: bool
    default: false
"""

    SECRET_VALUES = r"""
options:
  secret_values:
    description:
      - Keys in the settings whose values are masked, in addition to what is a secret by its name (such as C(password),
        C(tokens) or C(tls.key)) or by its form (such as a password in a URL, C(--password=…), or a private key).
      - Each is a key (V(webhook)) or a dotted path (V(custom.webhook)).
      - The guide C(docs/secrets.md) of the collection lists what is masked and what is not.
    type: list
    elements: str
    default: []
"""

    UNSTABLE = r"""
options:
  allow_unstable:
    description:
      - Whether V(latest) and V(latest_patch) may choose a version that is not marked as stable.
    type: bool
    default: false
"""

    VERSIONS = r"""
options:
  versions:
    description:
      - What V(latest) and V(latest_patch) stand for, by name of the add-on template. An add-on that is not named here
        goes to the newest version on offer.
      - An add-on that is at this version or above stays as it is. If the version is not on offer, the add-on cannot be
        upgraded. An exact version in O(addons) counts more.
      - So all clusters of a fleet go to the versions that the first ones have run.
    type: dict
    default: {}
"""

    WANTS = r"""
options:
  addons:
    description:
      - The wanted add-ons, in upgrade order. Each entry is a string or a dictionary.
      - V(all) means every installed add-on that the list does not name. C(!name) leaves an add-on out; the module fails
        if that add-on is neither installed nor on offer. C(!all) as the only entry means no add-on.
      - A name alone asks for the newest stable version on offer.
      - A dictionary has the keys C(name) (required), C(addon_instance_id), C(version) (an exact version, V(latest), the
        default, or V(latest_patch)), C(values) (settings to change, as a dictionary), C(values_policy) (V(merge), the
        default, V(keep) or V(reset)) and C(sync_strategy) (V(inherit) or V(force), for an add-on whose configuration
        was modified by hand).
      - If the cluster has several instances of an add-on, an entry with C(addon_instance_id) means that one. Any other
        entry, C(!name) too, means all instances that no entry names by ID.
      - With the policy V(merge), the settings are the target version's defaults, overridden by the present settings,
        overridden by the C(values). With V(keep), they are the present settings, overridden by the C(values). With
        V(reset), they are the target version's defaults, overridden by the C(values).
    type: list
    elements: raw
    required: true
"""
